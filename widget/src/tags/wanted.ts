/** Wanted: whom a site wants told, as its configuration says; what is not wanted is left out. */

export interface Wanted {
  /** Google's consent mode. */
  readonly consent?: Consent;
  /** Google's restricted data processing. */
  readonly processing?: 1;
  /** Meta's limited data use. */
  readonly meta?: 1;
  /** Microsoft's universal event tracking. */
  readonly uet?: 1;
  /** Plain events on the data layer. */
  readonly layer?: 1;
}

export interface Consent {
  /** There if analytics storage is denied with the rest. */
  readonly analytics?: 1;
  /** Said with a default that the service has not confirmed yet: where it binds, and how long tags wait, in ms. */
  readonly open?: { readonly region?: readonly string[]; readonly wait_for_update?: number };
}

/** Put there by the service, which wraps the built tags into a function of this one parameter. */
declare const __TAGS__: Wanted;

export const wanted = __TAGS__;
