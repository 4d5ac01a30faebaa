// What waits for the visitor's choice. Does nothing that could be measured.
window.tagged = true;
