/** What a request is signed for. */
export interface SignedRequest {
  readonly method: string;
  /** Whole address with its query. */
  readonly url: string;
}

/** How a connection proves who it is. */
export interface Authentication {
  /** Value of the header `Authorization`. Rejects with ErpFault where none can be had. */
  authorization(request: SignedRequest): Promise<string>;
  /** NetSuite refused the value with 401. Says whether a new one may be better, so that the request is worth sending once more. */
  refused(authorization: string): boolean;
}
