/** A value that is there later: it can be waited for, or looked at. */
export class Deferred<T> {
  #settle: (value: T) => void = () => undefined;
  readonly promise = new Promise<T>((resolve) => (this.#settle = resolve));
  #value: T | null = null;

  /** Null until it is there. */
  get value(): T | null {
    return this.#value;
  }

  resolve(value: T): void {
    this.#value = value;
    this.#settle(value);
  }
}
