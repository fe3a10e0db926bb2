import { withoutDirections } from "../i18n/direction.ts";

/**
 * A text that somebody else wrote and a server told: names of people, sessions and rooms, ids, messages. It neither turns
 * what stands around it, nor shows itself in another order than it is written. Within a sentence, `t` does the same.
 */
export function ServerText({ children }: { readonly children: string }) {
  return <bdi>{withoutDirections(children)}</bdi>;
}
