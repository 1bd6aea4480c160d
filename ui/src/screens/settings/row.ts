// What a row of the settings hands to its control: the ids of its name and of its messages.

export interface RowIds {
  label: string;
  help: string;
}
