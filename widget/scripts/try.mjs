import { build } from "esbuild";
import { minify } from "terser";
import { brotliCompressSync } from "node:zlib";
import { common, INLINE, mangling, SCRIPT } from "./smallest.mjs";
const B=(s)=>brotliCompressSync(Buffer.from(s)).length;
const es = { full:{minify:true}, ws:{minify:false}, syn:{minify:false,minifySyntax:true}, synid:{minify:false,minifySyntax:true,minifyIdentifiers:true} };
const ts = {};
const base={ passes: 3, pure_getters: true, unsafe_arrows: true, unsafe_methods: true };
ts.base=base; ts.hoist={...base,hoist_vars:true}; ts.uns={...base,unsafe:true,unsafe_comps:true,unsafe_math:true,unsafe_undefined:true}; ts.keepf={...base,keep_fargs:false}; ts.bool={...base,booleans_as_integers:true};
ts.noinl={...base,inline:1}; ts.nored={...base,reduce_funcs:false}; ts.nocoll={...base,collapse_vars:false}; ts.noseq={...base,sequences:false}; ts.hf={...base,hoist_funs:true}; ts.hp={...base,hoist_props:false}; ts.nojv={...base,join_vars:false}; ts.nocond={...base,conditionals:false}; ts.noif={...base,if_return:false};ts.comp={...base,comparisons:false};ts.redv={...base,reduce_vars:false};ts.nodirect={...base,computed_props:false};
export async function tryAll(entry, opts, wrap, compressFilter=()=>true){
  const out=[];
  for (const [en,e] of Object.entries(es)) {
    const r=await build({...common,...e,entryPoints:[entry],...opts,write:false});
    const code=r.outputFiles[0].text;
    out.push([B(wrap(code)),en,"-"]);
    for(const [tn,t] of Object.entries(ts)) for (const m of [true,false]) { if(!m&&en!="full"&&en!="synid") continue;
      const {code:c}=await minify(code,{compress:t,mangle:m,ecma:2020,format:{ascii_only:true},toplevel:true});
      out.push([B(wrap(c)),en,tn,m]);
    }
  }
  out.sort((a,b)=>a[0]-b[0]); console.log(entry); out.slice(0,14).forEach(x=>console.log(...x));
}
for (const k of ["stub","guard"]) await tryAll(INLINE[k][0], {...mangling(),format:"esm",define:{[INLINE[k][1]]:"$"}}, x=>x);
