/** The look. Both choices share one class: equal size, colour and place (CCPA regs § 7004(a)(2)). */
export const STYLES = `
:host{all:initial;--back:#fff;--ink:#1b1b1f;--line:#74747c;--strong:#1d4ed8;--on-strong:#fff;color-scheme:light dark}
@media (prefers-color-scheme:dark){:host{--back:#1c1d21;--ink:#f1f1f4;--line:#93939c;--strong:#a9c7ff;--on-strong:#0b1f44}}
[hidden]{display:none!important}
*{box-sizing:border-box}
section,dialog,.chip{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back);border:1px solid var(--line)}
section,.chip{position:fixed;z-index:2147483646;box-shadow:0 2px 16px #0004}
section{inset:auto 0 0;padding:16px;max-height:80vh;overflow:auto;border-width:1px 0 0}
.inner{max-width:960px;margin:0 auto;position:relative}
h2{font-size:1.125em;line-height:1.3;margin:0 48px 8px 0}
p{margin:0 0 12px;max-width:70ch}
.row{display:flex;flex-wrap:wrap;gap:12px}
button{font:inherit;color:inherit;background:none;border:1px solid var(--line);border-radius:6px;min-height:44px;min-width:44px;padding:8px 16px;cursor:pointer}
.choice{flex:1 1 220px;font-weight:600;color:var(--on-strong);background:var(--strong);border-color:var(--strong)}
.close{border-color:transparent;padding:0;font-size:1.25em;line-height:1}
.corner{position:absolute;top:-8px;right:-8px}
:focus-visible{outline:3px solid var(--strong);outline-offset:2px}
h2:focus{outline:none}
a{color:var(--strong)}
.chip{inset:auto auto 12px 12px;max-width:min(480px,calc(100vw - 24px));display:flex;flex-wrap:wrap;align-items:center;gap:8px;padding:8px 56px 8px 16px;border-radius:8px}
.chip .close{position:absolute;top:4px;right:4px}
.hint:not(:empty){margin:12px 0}
.hint a{display:inline-block;min-height:24px}
dialog{padding:24px;width:min(560px,calc(100vw - 24px));max-height:calc(100vh - 24px);border-radius:12px}
dialog::backdrop{background:#0008}
.switch{width:56px;height:44px;min-width:56px;flex:none;border-color:transparent;padding:0}
.track{display:block;width:52px;height:28px;margin:auto;padding:3px;border:2px solid var(--line);border-radius:14px}
.knob{display:block;width:18px;height:18px;border-radius:9px;background:var(--line)}
[aria-checked=true] .track{background:var(--strong);border-color:var(--strong)}
[aria-checked=true] .knob{background:var(--on-strong);margin-left:24px}
.setting{display:flex;align-items:center;gap:16px;margin-bottom:12px}
.setting>div{flex:1}
.state{display:block;font-weight:600}
@media (forced-colors:active){.choice,.track{border-color:ButtonText}.knob,[aria-checked=true] .knob{background:ButtonText}}
`;
