/** What main loads by itself: the first at start, the others while the window opens. None may need matrix-js-sdk. */
export const startModules: readonly string[] = ["main/index.ts", "main/startServices.ts", "main/services.ts"];
