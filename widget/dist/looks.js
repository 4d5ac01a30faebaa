"use strict";_.looks=".banner{border-width:1px;border-radius:var(--r);margin:1em auto;width:calc(100% - 2em);max-width:34em}.corner .banner{max-width:26em;margin-inline-end:1em}";
