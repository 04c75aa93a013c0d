// The one failure of a token's verification that is not the token's.

/** A token's key cannot be looked up now: nobody knows whether the token is good. */
export class IssuerUnavailable extends Error {
  override readonly name = 'IssuerUnavailable';
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    super("the keys of the tokens' issuer cannot be had");
    this.retryAfterMs = retryAfterMs;
  }
}
