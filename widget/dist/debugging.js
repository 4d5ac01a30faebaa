"use strict";(()=>{function e({location:r},o,i,d){new URLSearchParams(r.search).has("privacy-debug")&&i(o,{inside:d})}_.debug=e;})();
