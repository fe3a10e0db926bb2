const VERSION = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;

/**
 * Whether one version comes after another. What is no version comes after none.
 * @see https://semver.org/#spec-item-11
 */
export function isNewer(candidate: string, than: string): boolean {
  const [one, other] = [VERSION.exec(candidate), VERSION.exec(than)];
  if (one === null || other === null) return false;
  for (const part of [1, 2, 3]) {
    const difference = Number(one[part]) - Number(other[part]);
    if (difference !== 0) return difference > 0;
  }
  const [before, after] = [one[4], other[4]];
  if (before === undefined || after === undefined) return before === undefined && after !== undefined;
  return comparePreReleases(before.split("."), after.split(".")) > 0;
}

function comparePreReleases(one: readonly string[], other: readonly string[]): number {
  for (const [index, part] of one.entries()) {
    const against = other[index];
    if (against === undefined) return 1;
    if (part === against) continue;
    const [isNumber, isOther] = [/^\d+$/.test(part), /^\d+$/.test(against)];
    if (isNumber && isOther) return Number(part) - Number(against);
    if (isNumber !== isOther) return isNumber ? -1 : 1;
    return part > against ? 1 : -1;
  }
  return one.length - other.length;
}
