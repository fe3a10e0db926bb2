import { expect } from "vitest";
import type { Page } from "playwright";

/** Waits until the page has what it asked for: no grey bars stand in its place any more. */
export async function isLoaded(page: Page): Promise<void> {
  const skeletons = page.getByRole("main").locator("[role=status]:has(> .visuallyHidden + [aria-hidden=true])");
  await expect.poll(() => skeletons.count(), { timeout: 20_000 }).toBe(0);
}

/**
 * That no text is cut off by the box it stands in, and that nothing lies beside the window. Names that a person or a server
 * has given may end in an ellipsis.
 */
export async function expectNothingCut(page: Page, where: string): Promise<void> {
  const cut = await page.evaluate(() => {
    const found: string[] = [];
    if (document.documentElement.scrollWidth > innerWidth) found.push(`the page is ${document.documentElement.scrollWidth} wide`);
    for (const element of document.querySelectorAll<HTMLElement>("#root *, [role=dialog] *")) {
      if (element.closest(".visuallyHidden, [hidden], svg, select") || !element.checkVisibility()) continue;
      // What is only heard lies in a pixel.
      if (element.clientHeight === 1) continue;
      const style = getComputedStyle(element);
      const ownText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim());
      if (!ownText || style.display === "inline") continue;
      const hides = [style.overflowX, style.overflowY].some((overflow) => overflow === "hidden" || overflow === "clip");
      const isCut = element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 2;
      if (hides && isCut && style.textOverflow !== "ellipsis") found.push(`cut: ${element.innerText.slice(0, 60)}`);
      const box = element.getBoundingClientRect();
      if (box.width > 1 && (box.left < -1 || box.right > innerWidth + 1)) found.push(`outside: ${element.innerText.slice(0, 60)}`);
    }
    return found;
  });
  expect(cut, where).toEqual([]);
}

/**
 * What is on the page without the pseudo-language's brackets: words that did not come from the texts.
 *
 * @param given what people and servers have named
 */
export async function textsPastTheFile(page: Page, given: RegExp): Promise<string[]> {
  const found = await page.evaluate(() => {
    const found: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      const text = node.textContent?.trim() ?? "";
      if (!element || text === "" || !/\p{L}{2}/u.test(text) || element.closest("script, style, kbd, code, select, [translate=no]"))
        continue;
      if (!/[⟦⟧]/.test(text)) found.push(text);
    }
    for (const name of ["aria-label", "placeholder", "title"]) {
      for (const element of document.querySelectorAll(`[${name}]`)) {
        const text = element.getAttribute(name) ?? "";
        if (/\p{L}{2}/u.test(text) && !/[⟦⟧]/.test(text)) found.push(`${name}: ${text}`);
      }
    }
    return [...new Set(found)];
  });
  return found.filter((text) => !given.test(text));
}
