/** Wanted: the adapters that a site switches on, as its configuration says; the others are left out. */

export interface Wanted {
  /** Google's consent mode: the one adapter with options. */
  readonly consent?: Consent;
  /** Any other adapter, by its `name` in the service's `config/tag_switches.py`. A test compares the names. */
  readonly [name: string]: Consent | 1 | undefined;
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
