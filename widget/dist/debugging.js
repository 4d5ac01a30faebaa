"use strict";var a,e,r;a=_.e,e=a.o,r=a.r("URLSearchParams"),_.debug=({location:a},s,c,i)=>{e.has(new r(a.search),"privacy-debug")&&c(s,{inside:i})};
