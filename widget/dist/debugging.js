"use strict";(()=>{var a=_.e,e=a.o,{URLSearchParams:r}=a.r;_.debug=({location:a},s,c,i)=>{e.has(new r(a.search),"privacy-debug")&&c(s,{inside:i})}})();
