import { build } from "esbuild";
import { minify } from "terser";
import { brotliCompressSync } from "node:zlib";
import { common, INLINE, mangling, SCRIPT } from "./smallest.mjs";
const B=(s)=>brotliCompressSync(Buffer.from(s.trim())).length;
for (const [entry,opts,params,b] of [[INLINE.stub[0], {...mangling(),define:{__STUB__:"$"}},"$"],[INLINE.guard[0],{...mangling(),define:{__BLOCKED__:"$"}},"$"],[INLINE.tags[0],{...mangling(),define:{__TAGS__:"$"}},"$"],["src/index.ts",{...mangling("added|alone|asOf|ask|begin|brought|built|chance|choose|clock|config|doc|dock|dress|drop|end|extras|first|flush|forget|fresh|hold|hurry|identified|kept|kind|known|later|leave|leaving|letters|lever|load|lost|make|maxAge|noticed|obey|overtaken|pending|permits|place|post|queue|read|record|refresh|regrets|release|released|remember|reply|restrict|resume|rewrite|seen|signalId|root|speak|start|styles|tag|tell|update|updated|url|voice|wait|win|write|wrote".split("|")),...SCRIPT},"$,_"]]) {
  for (const en of ["full","syn"]) {
  const r=await build({...common,...(en=="full"?{}:{minify:false,minifySyntax:true}),entryPoints:[entry],...opts,format:"esm",write:false});
  const code=r.outputFiles[0].text;
  for (const more of [{},{booleans_as_integers:true},{unsafe:true},{hoist_vars:true},{inline:3,reduce_funcs:true},{reduce_funcs:false},{passes:6},{sequences:false}]) {
    const compress={ passes: 3, pure_getters: true, unsafe_arrows: true, unsafe_methods: true,...more};
    const plain=(await minify(code,{compress,ecma:2020,format:{ascii_only:true},toplevel:true})).code;
    let {code:c}=await minify(`((${params})=>{${code}})(0,0)`,{compress:{...compress,unused:"keep_assign",negate_iife:false,inline:more.inl??3,side_effects:true},mangle:{reserved:["$","_"]},ecma:2020,format:{ascii_only:true},toplevel:true});
    const i=c.indexOf("=>{"); const wrapped=c.slice(i+3,c.lastIndexOf("}")) ;
    console.log(entry,en,JSON.stringify(more),B(plain),B(wrapped),c.slice(0,12),c.slice(-12));
  }}
}
