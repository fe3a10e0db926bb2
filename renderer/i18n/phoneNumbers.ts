/**
 * How the countries are dialled (ITU-T E.164): the code of each, and a `-` where no 0 is written before a number within the
 * country, or where that 0 belongs to the number.
 */
const DIALLED =
  "AC247- AD376- AE971 AF93 AL355 AM374 AO244- AT43 AU61 AW297- AX358 AZ994 BA387 BD880 BE32 BF226- BG359 BH973- " +
  "BI257- BJ229- BL590 BN673- BO591 BQ599- BT975- BW267- BY375- BZ501- CC61 CD243 CF236- CG242- CH41 CI225- CK682- " +
  "CL56- CM237- CN86 CO57 CR506- CU53 CV238- CW599- CX61 CY357- CZ420- DE49 DJ253- DK45- DZ213 EC593 EE372- EG20 " +
  "EH212 ER291 ES34- ET251 FI358 FJ679- FK500- FM691- FO298- FR33 GA241 GB44 GE995 GF594 GG44 GH233 GI350- GL299- " +
  "GM220- GN224- GP590 GQ240- GR30- GT502- GW245- GY592- HK852- HN504- HR385 HT509- HU36- ID62 IE353 IL972 IM44 " +
  "IN91 IO246- IQ964 IR98 IS354- IT39- JE44 JO962 JP81 KE254 KG996 KH855 KI686 KM269- KP850 KR82 KW965- KZ7- LA856 " +
  "LB961 LI423 LK94 LR231 LS266- LT370 LU352- LV371- LY218 MA212 MC377 MD373 ME382 MF590 MG261 MH692- MK389 ML223- " +
  "MM95 MN976 MO853- MQ596 MR222- MT356- MU230- MV960- MW265 MX52- MY60 MZ258- NA264 NC687- NE227- NF672- NG234 " +
  "NI505- NL31 NO47- NP977 NR674- NU683- NZ64 OM968- PA507- PE51 PF689- PG675- PH63 PK92 PL48- PM508 PS970 PT351- " +
  "PW680- PY595 QA974- RE262 RO40 RS381 RU7- RW250 SA966 SB677- SC248- SD249 SE46 SG65- SH290- SI386 SJ47- SK421 " +
  "SL232 SM378- SN221- SO252 SR597- SS211 ST239- SV503- SY963 SZ268- TA290- TD235- TG228- TH66 TJ992- TK690- TL670- " +
  "TM993- TN216- TO676- TR90 TV688- TW886 TZ255 UA380 UG256 UY598 UZ998- VA39- VE58 VN84 VU678- WF681- WS685- XK383 " +
  "YE967 YT262 ZA27 ZM260 ZW263";
/** They share the code 1 (the North American Numbering Plan). */
const NORTH_AMERICAN = "AG AI AS BB BM BS CA DM DO GD GU JM KN KY LC MP MS PR SX TC TT US VC VG VI";

/** What else is dialled before a number within a country, and how long both are together. */
const OTHER_PREFIXES: Readonly<Record<string, readonly [prefix: string, length: number]>> = {
  BY: ["80", 11],
  HU: ["06", 11],
  KZ: ["8", 11],
  LT: ["8", 9],
  RU: ["8", 11],
  TM: ["8", 9],
  ...Object.fromEntries(NORTH_AMERICAN.split(" ").map((country) => [country, ["1", 11]])),
};

const [MIN_DIGITS, MAX_DIGITS] = [7, 15];

interface Dialled {
  code: string;
  /** Whether a 0 before a number is left out when it is dialled from abroad. */
  dropsZero: boolean;
}

const byCountry = new Map<string, Dialled>([
  ...DIALLED.split(" ").map((one): [string, Dialled] => [
    one.slice(0, 2),
    { code: one.slice(2).replace("-", ""), dropsZero: !one.endsWith("-") },
  ]),
  ...NORTH_AMERICAN.split(" ").map((country): [string, Dialled] => [country, { code: "1", dropsZero: false }]),
]);
/** Of countries that share a code, all treat a 0 alike. */
const byCode = new Map([...byCountry.values()].map((dialled) => [dialled.code, dialled]));

/**
 * A number as the whole world dials it (E.164), so that a person sees what a server will read before a code is sent to it.
 *
 * @param country in which it is read where it does not begin with a `+`
 * @returns null where that takes rules that are not known here; the server knows them
 */
export function phoneInFull(country: string, typed: string): string | null {
  const text = typed.trim().replaceAll("(0)", "");
  if (!/^[+\d\s()./-]+$/.test(text)) return null;
  const digits = text.replace(/\D/g, "");
  const international = text.startsWith("+") ? digits : digits.startsWith("00") ? digits.slice(2) : null;
  const whole = international === null ? fromWithin(country, digits) : withoutZero(international);
  return whole !== null && whole.length >= MIN_DIGITS && whole.length <= MAX_DIGITS ? `+${whole}` : null;
}

function fromWithin(country: string, digits: string): string | null {
  const dialled = byCountry.get(country);
  if (!dialled) return null;
  const [prefix, length] = OTHER_PREFIXES[country] ?? ["", 0];
  if (prefix !== "" && digits.length === length && digits.startsWith(prefix)) return dialled.code + digits.slice(prefix.length);
  return dialled.code + (dialled.dropsZero ? digits.replace(/^0/, "") : digits);
}

/** Some write the 0 that is dialled within the country behind its code. */
function withoutZero(international: string): string | null {
  const dialled = [1, 2, 3].map((length) => byCode.get(international.slice(0, length))).find((one) => one !== undefined);
  if (!dialled) return international.startsWith("0") ? null : international;
  const national = international.slice(dialled.code.length);
  return dialled.code + (dialled.dropsZero ? national.replace(/^0/, "") : national);
}
