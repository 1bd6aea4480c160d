// A stream that somebody else reads, and what passes through it.
//
// Owns nothing of the stream: it is read when its reader reads, as fast and as far; an end, an error and a cancel pass both ways. What
// the one who looks on throws is in nobody's way.

export interface Spy<T> {
  piece: (piece: T) => void;
  /** With what broke it, or why its reader wants no more. */
  end: (error?: unknown) => void;
}

export function spied<T>(stream: ReadableStream<T>, spy: Spy<T>): ReadableStream<T> {
  const reader = stream.getReader();
  const look = (work: () => void): void => {
    try {
      work();
    } catch {
      // recording is in nobody's way
    }
  };
  return new ReadableStream<T>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) {
            controller.close();
            look(() => spy.end());
          } else {
            controller.enqueue(value);
            look(() => spy.piece(value));
          }
        } catch (error) {
          controller.error(error);
          look(() => spy.end(error ?? new Error('the stream broke')));
        }
      },
      cancel(reason) {
        look(() => spy.end(reason ?? new Error('the application wanted no more')));
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
