import type { ServerLimits } from "./limits.ts";

/** What happens around a body while it is read. */
export interface BodyWatch {
  tooLong: () => Error;
  /** Ends the request, wherever it is: a read under way then fails. */
  cut: () => void;
  /** Called once, when the body has ended one way or another. */
  release: () => void;
  /** What a read that failed is to reject with. */
  meaningOf: (thrown: unknown) => unknown;
}

/** The same bytes, as long as they keep to the bounds. Nothing is read ahead of whoever takes them. */
export function boundedBody(
  body: ReadableStream<Uint8Array>,
  bounds: Pick<ServerLimits, "silenceMs" | "wholeAnswerMs" | "answerBytes">,
  { tooLong, cut, release, meaningOf }: BodyWatch,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const deadline = performance.now() + bounds.wholeAnswerMs;
  let left = bounds.answerBytes;
  return new ReadableStream(
    {
      async pull(controller) {
        const patience = Math.min(bounds.silenceMs, deadline - performance.now());
        const timer = setTimeout(cut, Math.max(0, patience));
        try {
          const { done, value } = await reader.read();
          if (done) {
            release();
            controller.close();
            return;
          }
          left -= value.byteLength;
          if (left < 0) throw tooLong();
          controller.enqueue(value);
        } catch (thrown) {
          const meaning = meaningOf(thrown);
          release();
          cut();
          throw meaning;
        } finally {
          clearTimeout(timer);
        }
      },
      async cancel(reason) {
        release();
        await reader.cancel(reason);
        cut();
      },
    },
    { highWaterMark: 0 },
  );
}
