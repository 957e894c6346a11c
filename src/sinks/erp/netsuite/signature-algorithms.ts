/** What an assertion may be signed with. NetSuite refuses RS256. */
export const SIGNATURE_ALGORITHMS = ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512"] as const;
export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];
