/** Where a form led. */
export interface FormPage {
  url: string;
  status: number;
  html: string;
}

/** A browser without JavaScript or looks: follows redirects, keeps cookies, sends forms. */
export class FormClient {
  readonly #cookies = new Map<string, string>();
  #page: FormPage = { url: "about:blank", status: 0, html: "" };

  get page(): FormPage {
    return this.#page;
  }

  async open(url: string): Promise<FormPage> {
    return this.#request(url, null);
  }

  /** Sends the form of the page, with what it holds already. */
  async submit(fields: Readonly<Record<string, string>>): Promise<FormPage> {
    const form = new URLSearchParams();
    for (const [input] of this.#page.html.matchAll(/<input[^>]*>/g)) {
      const name = /name="([^"]*)"/.exec(input)?.[1];
      if (name !== undefined) form.set(name, /value="([^"]*)"/.exec(input)?.[1] ?? "");
    }
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    const action = /<form[^>]*action="([^"]*)"/.exec(this.#page.html)?.[1];
    return this.#request(new URL(action ?? this.#page.url, this.#page.url).href, form);
  }

  /** Signs in and allows what the client asks for, from the address where an authorization begins to where it ends. */
  async signIn(url: string, user: { localpart: string; password: string }): Promise<FormPage> {
    await this.open(url);
    if (this.#page.html.includes('name="username"')) {
      await this.submit({ username: user.localpart, password: user.password, action: "continue" });
    }
    return this.submit({ action: "allow" });
  }

  async #request(url: string, form: URLSearchParams | null): Promise<FormPage> {
    const { origin } = new URL(url);
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(url, {
      method: form === null ? "GET" : "POST",
      redirect: "manual",
      headers: cookie === "" ? {} : { cookie },
      body: form,
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      // The cookies of two tries have the same names and other paths; the last one is the one that counts.
      if (value === "") this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    const location = answer.headers.get("location");
    if (location !== null) {
      const next = new URL(location, url);
      // Somebody else's: the client's own address, where the authorization ends.
      if (next.origin !== origin) return (this.#page = { url: next.href, status: answer.status, html: "" });
      return this.#request(next.href, null);
    }
    return (this.#page = { url, status: answer.status, html: await answer.text() });
  }
}
