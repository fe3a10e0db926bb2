/** What lies behind the page until it has painted: the renderer's `--page` colours, so that nothing flashes. */
export const BACKGROUND = { light: "#ffffff", dark: "#1a1a18" } as const;
