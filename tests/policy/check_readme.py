#!/usr/bin/env python3
"""The first C++ block of README.md is the text between the [README] marks of examples/own_loop/main.cc."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
block = re.search(r"```cpp\n(.*?)```", (root / "README.md").read_text(encoding="utf-8"), re.S).group(1)
example = (root / "examples/own_loop/main.cc").read_text(encoding="utf-8").split("// [README]\n")[1]
if block != example:
    sys.exit("README.md and examples/own_loop/main.cc differ")
print("the README shows the example that is built")
