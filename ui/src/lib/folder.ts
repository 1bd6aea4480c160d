// What people call a folder.
//
// Pure.

/** The last part of a path, which is what people call a workspace. */
export function folderName(path: string): string {
  const parts = path.replace(/[/\\]+$/, '').split(/[/\\]/);
  return parts.at(-1) || path;
}
