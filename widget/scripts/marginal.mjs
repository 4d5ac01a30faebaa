import { build } from "esbuild"; import { minify } from "terser"; import { brotliCompressSync } from "node:zlib"; import {readdirSync,readFileSync} from "node:fs";
import { common, mangling, root, SCRIPT } from "./smallest.mjs";
const OURS=readFileSync("scripts/build.mjs","utf8").match(/const OURS =([\s\S]*?);/)[1].replace(/["+\s]/g,"");
const cfg=readFileSync("/tmp/team/w3body.js","utf8"); const tail=cfg.slice(cfg.lastIndexOf('})({"__proto__"'));
const pre=["former","erasing"].map(f=>readFileSync(`dist/${f}.js`,"utf8")).join("");
async function size(skip){
  const plugin={name:"skip",setup(b){ if(!skip)return; b.onLoad({filter:/\.ts$/},a=>{ if(!a.path.endsWith(skip))return; const src=readFileSync(a.path,"utf8"); const names=[...src.matchAll(/^export (?:async )?(?:function|const) (\w+)/gm)].map(m=>m[1]); return {loader:"ts",contents:names.map(n=>`export const ${n}:any=()=>{};`).join("\n")}; }); }};
  const r=await build({...common,...mangling(OURS.split("|")),...SCRIPT,format:"esm",entryPoints:["src/index.ts"],write:false,plugins:[plugin]});
  const {code}=await minify(r.outputFiles[0].text,{compress:{passes:3,pure_getters:true,unsafe_arrows:true,unsafe_methods:true,hoist_vars:true},ecma:2020,format:{ascii_only:true},toplevel:true});
  return brotliCompressSync(Buffer.from(`(($,_)=>{${pre}${code}`+tail)).length;
}
const full=await size(); console.log("full",full);
const files=[]; const walk=d=>readdirSync(d,{withFileTypes:true}).forEach(e=>e.isDirectory()?walk(`${d}/${e.name}`):files.push(`${d}/${e.name}`)); walk("src");
const out=[]; for(const f of files.filter(f=>/src\/(core|page|ui)\/|src\/(speaking|obeying|parts)\.ts/.test(f))) out.push([full-await size("/"+f.slice(4)),f]);
out.sort((a,b)=>b[0]-a[0]).forEach(x=>x[0]>0&&console.log(...x));
