/**
 * Currencies and their minor-unit digits, ISO 4217 list one. The table is in the source because the digits decide what
 * is charged: `Intl` follows CLDR, which has 0 digits for AFN, ALL, COP, HUF, IDR, IQD, IRR, KPW, LAK, LBP, MGA, MMK, PKR,
 * RSD, SLL, SOS, SYP and YER, where ISO has 2 (IQD: 3), and changes with the version of Node. A test compares the two and
 * holds the list of differences.
 *
 * ANG, BGN, CUC, SLL and ZWL are withdrawn from list one but kept for contracts that were made in them. Codes without
 * a minor unit (gold, testing, units of account) are not currencies one can bill in.
 */
const CODES_BY_DIGITS: Readonly<Record<number, string>> = {
  0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
  2:
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF " +
    "CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG " +
    "HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK " +
    "MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE " +
    "SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR " +
    "ZMW ZWG ZWL",
  3: "BHD IQD JOD KWD LYD OMR TND",
  4: "CLF UYW",
};

const DIGITS: ReadonlyMap<string, number> = new Map(
  Object.entries(CODES_BY_DIGITS).flatMap(([digits, codes]) =>
    codes.split(" ").map((code): [string, number] => [code, parseInt(digits, 10)]),
  ),
);

/** Minor-unit digits of a currency by its alphabetic code (upper case), undefined where there is no such currency. */
export function currencyExponent(code: string): number | undefined {
  return DIGITS.get(code);
}

/** All known codes, sorted. */
export function currencyCodes(): readonly string[] {
  return [...DIGITS.keys()].sort();
}
