"use strict";(()=>{var e=_.e,i=e.o,{RegExp:r}=e.r;_.debug=({location:e},s,t,a)=>{i.test(new r(/[?&]privacy-debug(=|&|$)/),e.search)&&t(s,{inside:a})}})();
