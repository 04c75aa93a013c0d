// Whose tokens a gateway believes. What the algorithms and claims mean to an operator is docs/tokens.md.

/** A secret, a key or a JWKS at least. Each algorithm has one source of keys: what is configured goes before the JWKS. */
export interface JwtConfig {
  /** HS256. */
  readonly secret?: string;
  /** EdDSA (Ed25519): SPKI in PEM, or a JWK as JSON. */
  readonly publicKey?: string;
  /** ES256, EdDSA (Ed25519), RS256, PS256: where the issuer publishes its keys. */
  readonly jwksUrl?: string;
  /** What `iss` must be; without it, anything. */
  readonly issuer?: string;
  /** What `aud` must be or contain; without it, anything. */
  readonly audience?: string;
}
