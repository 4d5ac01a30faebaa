"use strict";(()=>{var e=_.e,t=e.o,{RegExp:r}=e.r;_.debug=({location:e},a,c,s)=>{t.test(new r(/[?&]privacy-debug(=|&|$)/),e.search)&&c(a,{tt:s})}})();
