/** A branch of a file of texts: messages, or more branches. */
export interface Texts {
  readonly [name: string]: string | Texts;
}

/** The message at a path such as `all.title`; undefined where there is none. */
export function messageAt(root: Texts, path: string): string | undefined {
  let node: string | Texts | undefined = root;
  for (const part of path.split(".")) {
    if (typeof node !== "object" || !Object.hasOwn(node, part)) return undefined;
    node = node[part];
  }
  return typeof node === "string" ? node : undefined;
}
