import { describe, expect, it } from "vitest";
import { joinServices } from "../../../main/ipc/joinServices.ts";

class Reading {
  readonly #name = "Reading";
  get = () => this.#name;
}

class Writing {
  readonly #name = "Writing";

  setDisplayName() {
    return this.#name;
  }

  setAvatar() {
    return this.#name;
  }

  removeAvatar() {
    return this.#name;
  }

  notOfTheContract() {
    return this.#name;
  }
}

describe("services that share a domain", () => {
  it("answer as one, each with its own private parts", () => {
    const joined = joinServices("profile", new Reading(), new Writing());
    expect([joined.get(), joined.setAvatar()]).toEqual(["Reading", "Writing"]);
    expect(Object.keys(joined).sort()).toEqual(["get", "removeAvatar", "setAvatar", "setDisplayName"]);
  });

  it("must answer every request of it", () => {
    expect(() => joinServices("profile", new Reading())).toThrow("nothing answers profile.setDisplayName");
  });
});
