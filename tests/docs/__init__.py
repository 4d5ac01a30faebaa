"""Documentation: every link, command, example and number in it, run or compared with the code."""
