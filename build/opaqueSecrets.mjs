import { ESLintUtils } from "@typescript-eslint/utils";

/** How far into what is made JSON a secret is looked for. */
const MAX_DEPTH = 4;

const OPAQUE = ["Secret", "SecretBytes"];

const isSecret = (type) =>
  type.isUnionOrIntersection()
    ? type.types.some(isSecret)
    : OPAQUE.includes(type.symbol?.name) &&
      type.symbol.declarations?.some((one) => one.getSourceFile().fileName.endsWith("/shared/secret.ts"));

/** Whether a secret is in a value: itself, in a list, or in a field. */
function holdsSecret(checker, type, depth = 0, above = new Set()) {
  if (isSecret(type)) return true;
  if (depth === MAX_DEPTH || above.has(type)) return false;
  above.add(type);
  if (type.isUnionOrIntersection()) return type.types.some((one) => holdsSecret(checker, one, depth, above));
  const inside = checker.getIndexInfosOfType(type).map((index) => index.type);
  if (!checker.isArrayLikeType(type))
    inside.push(...checker.getPropertiesOfType(type).map((property) => checker.getTypeOfSymbol(property)));
  return inside.some((one) => holdsSecret(checker, one, depth + 1, above));
}

/**
 * What TypeScript lets pass with a `Secret` and would do something else than was meant: it is opened by who has no
 * business with it, made a text, written as JSON or compared by `===`. Templates and `+` are refused by the rules of
 * typescript-eslint. Whether a file may open secrets is its option.
 */
export const opaqueSecrets = {
  meta: {
    type: "problem",
    schema: [{ type: "object", properties: { mayOpen: { type: "boolean" } }, additionalProperties: false }],
    messages: {
      opened: "What sends a secret, seals it or hands it to a cipher opens it, and nothing else: hand on the Secret.",
      printed: "A Secret is printed as [secret]: reveal() where it is sent, revealedJson or z.encode where it is sealed.",
      compared: "Two Secrets are compared by equals().",
    },
  },
  create(context) {
    const services = ESLintUtils.getParserServices(context);
    const checker = services.program.getTypeChecker();
    const typeOf = (node) => services.getTypeAtLocation(node);
    const mayOpen = context.options[0]?.mayOpen === true;
    const isNothing = (node) =>
      (node.type === "Literal" && node.value === null) || (node.type === "Identifier" && node.name === "undefined");
    return {
      MemberExpression(node) {
        const { property, object } = node;
        if (property.type !== "Identifier" || !["reveal", "toString", "toJSON"].includes(property.name)) return;
        if (!isSecret(typeOf(object))) return;
        if (property.name !== "reveal") context.report({ node, messageId: "printed" });
        else if (!mayOpen) context.report({ node, messageId: "opened" });
      },
      BinaryExpression(node) {
        const { operator, left, right } = node;
        if (!["==", "===", "!=", "!=="].includes(operator) || isNothing(left) || isNothing(right)) return;
        if (isSecret(typeOf(left)) && isSecret(typeOf(right))) context.report({ node, messageId: "compared" });
      },
      CallExpression(node) {
        const { callee } = node;
        const [given] = node.arguments;
        if (given === undefined || given.type === "SpreadElement") return;
        const isText = callee.type === "Identifier" && callee.name === "String";
        const isJson = callee.type === "MemberExpression" && callee.object.name === "JSON" && callee.property.name === "stringify";
        const isFound = isText ? isSecret(typeOf(given)) : isJson && holdsSecret(checker, typeOf(given));
        if (isFound) context.report({ node, messageId: "printed" });
      },
    };
  },
};
