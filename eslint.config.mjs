import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";
import { opaqueSecrets } from "./build/opaqueSecrets.mjs";

/** Import patterns that a room may not use, with the reason that the person who tries is told. */
const forbid = (...patterns) => ({
  rules: {
    "no-restricted-imports": "off",
    "@typescript-eslint/no-restricted-imports": ["error", { patterns }],
  },
});

const sdkValues = {
  group: ["matrix-js-sdk", "matrix-js-sdk/**"],
  allowTypeImports: true,
  message: "The renderer knows shared/ alone.",
};
const electron = {
  group: ["electron"],
  message: "Only main/app, main/ipc, main/index.ts and main/startServices.ts know Electron. Take it as an argument.",
};

const everywhere = [
  { selector: "ExportDefaultDeclaration", message: "Name what you export." },
  { selector: "TSEnumDeclaration", message: "Use a union of strings." },
];
/**
 * Where a secret ends: on its way to a server, sealed, in a cipher, in what a person takes along on the clipboard, in a file or
 * on paper, or in the list of what no log may show.
 */
const opensSecrets = [
  "shared/{secret,secretSchemas}.ts",
  "main/http/**/*.ts",
  "main/logging/redact.ts",
  "main/sdk/{matrixClient,olmMachine}.ts",
  "main/sessions/oauth/authServer.ts",
  "main/secrets/{passphraseKeychain,phraseStrength,secretBytes}.ts",
  "main/encryption/{crossSigning,emergencySheets,secretCipher,secretValue,securityKey,securityPhrase}.ts",
  "main/roomKeys/{crossing,keyFileFormat,keyPairs}.ts",
  "main/admin/firstAdmin.ts",
  "main/admin/bulk/resultCells.ts",
  "main/admin/csv/userFileTask.ts",
  "main/app/dialogs.ts",
  "tests/**/*.ts",
];
const oneWay = "main/http is the only way to a server: ask a HomeserverClient.";

export default tseslint.config(
  // The last is types alone, and of one project alone: beside those of pages and Node it could not stand.
  { ignores: ["node_modules/", "out/", "dist/", ".cache/", "build/webAndNode.d.ts"] },
  {
    files: ["**/*.{ts,tsx}"],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-restricted-syntax": ["error", ...everywhere],
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports", disallowTypeAnnotations: false }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", ignoreRestSiblings: true }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      // A handler may be asynchronous because its port is, without awaiting anything itself.
      "@typescript-eslint/require-await": "off",
      // The SDK's enums are compared with plain strings where its values may not be loaded.
      "@typescript-eslint/no-unsafe-enum-comparison": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    },
  },
  { files: ["main/**", "renderer/**", "preload/**", "shared/**"], rules: { "no-console": "error" } },
  {
    files: ["main/**/*.ts"],
    // The last two hand on what http/ gave them or will be given.
    ignores: ["main/http/**", "main/sdk/matrixClient.ts", "main/sessions/wellKnown.ts"],
    rules: {
      "no-restricted-syntax": [
        "error",
        ...everywhere,
        { selector: "CallExpression[callee.name='fetch']", message: oneWay },
        { selector: "CallExpression[callee.object.name='globalThis'][callee.property.name='fetch']", message: oneWay },
        { selector: "Literal[value=/^(?:authorization|retry-after)$/i]", message: oneWay },
        { selector: "Property[key.name='Authorization']", message: oneWay },
      ],
    },
  },
  {
    files: ["main/**/*.ts", "shared/**/*.ts", "tests/**/*.ts"],
    // It prints them in every way there is.
    ignores: ["tests/unit/shared/secret.test.ts"],
    plugins: { steward: { rules: { "opaque-secrets": opaqueSecrets } } },
    rules: { "steward/opaque-secrets": "error" },
  },
  { files: opensSecrets, ignores: ["tests/unit/shared/secret.test.ts"], rules: { "steward/opaque-secrets": ["error", { mayOpen: true }] } },
  { files: ["renderer/**/*.{ts,tsx}"], ...reactHooks.configs.flat["recommended-latest"] },
  {
    files: ["shared/**/*.ts"],
    // The one module that writes out messages of ICU's syntax, for main and the renderer.
    ignores: ["shared/i18n/message.ts"],
    ...forbid({ regex: "^(?!zod$|\\./|\\.\\./)", message: "shared/ imports zod alone." }),
  },
  {
    files: ["preload/**/*.ts"],
    ...forbid({ regex: "^(?!electron$|virtual:channels$)", message: "preload/ imports Electron and the channel names." }),
  },
  {
    files: ["renderer/**/*.{ts,tsx}"],
    rules: {
      "no-restricted-syntax": [
        "error",
        ...everywhere,
        {
          selector: "CallExpression[callee.name=/^(?:t|textOrNull|errorWords|[a-z]+Text)$/]:not(:function *)",
          message: "A text that is asked for once stays in the language of that moment: ask inside a function.",
        },
      ],
    },
  },
  {
    files: ["renderer/**/*.{ts,tsx}"],
    ...forbid({ regex: "^(?:node:|electron$)|/(?:main|preload|tests|build)/", message: "The renderer knows shared/ alone." }, sdkValues),
  },
  {
    files: ["main/**/*.ts"],
    ignores: ["main/app/**", "main/ipc/**", "main/index.ts", "main/startServices.ts"],
    ...forbid(electron, { regex: "/(?:renderer|preload|tests|build)/", message: "main/ knows shared/ alone." }),
  },
  {
    // What a homeserver answered is looked at freely in tests; an expectation says what it must be.
    files: ["tests/**"],
    rules: {
      ...Object.fromEntries(
        ["assignment", "member-access", "return", "argument", "call"].map((kind) => [`@typescript-eslint/no-unsafe-${kind}`, "off"]),
      ),
      // Tests also throw what code under test may throw, hand on single methods, and try what a policy must refuse.
      "@typescript-eslint/unbound-method": "off",
      "@typescript-eslint/prefer-promise-reject-errors": "off",
      "@typescript-eslint/only-throw-error": "off",
      "@typescript-eslint/no-implied-eval": "off",
    },
  },
  {
    files: ["build/*.config.ts", "build/testReporter.ts", "build/afterPack.ts", "**/*.d.ts"],
    rules: { "no-restricted-syntax": "off" },
  },
);
