/** The look of the settings, over that of everything else. */
export const STYLES =
  "dialog[open]~.dock{visibility:hidden}" +
  "dialog{padding:1.5em;width:36em;max-width:calc(100% - 2em);max-height:calc(100% - 2em);margin:auto}" +
  "::backdrop{background:#0009}" +
  ".setting{display:flex;gap:1em;align-items:center;margin:1em 0;padding-top:1em;border-top:1px solid #8888}" +
  "form button{padding:.6em 0;text-decoration:underline}" +
  "h3,b{font-weight:600;margin-bottom:.3em}" +
  "b{display:block;margin-top:.8em}" +
  "[aria-checked=true] .track{color:#fff;background:var(--a);border-color:var(--a)}" +
  "[aria-checked=true] .knob{margin-inline-start:auto}";
