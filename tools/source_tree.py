"""What the checks beside this file share: the modules that CMake lists, and C++ text cut into its scopes."""
import dataclasses
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
KEYWORDS = {"DEPENDS", "SOURCES", "EXCLUDE", "LIBRARIES"}
# Line comments, block comments, raw strings, numbers such as 1'000 (whose quotes begin no character), strings,
# characters.
LITERALS = re.compile(r'//(?:\\\n|[^\n])*|/\*.*?\*/|\bu?8?R"([^()\\\s]{0,16})\(.*?\)\1"'
                      r"|(?<![\w'])\d[\w.]*(?:'[\w.]+)+|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'", re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.M)
PUNCTUATION = re.compile(r"[{}();]|(?<!:):(?!:)")


def root_from(arguments):
    """Folder to check: the argument that is no option, else the repository this file lies in."""
    given = [each for each in arguments if not each.startswith("-")]
    return pathlib.Path(given[0]).resolve() if given else ROOT


def finish(name, errors, told=""):
    """Prints the errors, or that there are none, and ends the program."""
    errors = list(dict.fromkeys(errors))
    print("\n".join(errors) or f"{name}: ok{told}")
    sys.exit(bool(errors))


@dataclasses.dataclass
class Module:
    folder: str  # Path below src/emdyn.
    names: list = dataclasses.field(default_factory=list)
    flags: set = dataclasses.field(default_factory=set)  # Other words in capitals: TORCH, INTERNAL.
    lists: dict = dataclasses.field(default_factory=lambda: {keyword: [] for keyword in KEYWORDS})

    @property
    def depends(self):
        return set(self.lists["DEPENDS"])

    def headers(self, root):
        """What others may include, and what is installed where the module is: every header but those of tests."""
        return [path for path in sorted((root / "src/emdyn" / self.folder).glob("*.hpp"))
                if not is_test(path) and path.name not in self.lists["EXCLUDE"]]


def modules(root):
    """The emdyn_module calls below src/emdyn by folder; several in one folder (with and without torch) are joined."""
    found = {}
    for path in sorted((root / "src/emdyn").rglob("CMakeLists.txt")):
        folder = path.parent.relative_to(root / "src/emdyn").as_posix()
        for call in re.findall(r"emdyn_module\(([^)]*)\)", re.sub(r"#[^\n]*", "", path.read_text())):
            module, target = found.setdefault(folder, Module(folder)), None
            for word in call.split():
                if word == "NAME":
                    target = module.names
                elif word in KEYWORDS:
                    target = module.lists[word]
                elif word.isupper() and word.isalpha():
                    module.flags.add(word)
                    target = None
                elif target is not None:
                    target.append(word)
    return found


def code_files(root):
    """Every C++ file but those of builds."""
    return [path for folder in ("src", "bench", "fuzz", "tools", "tests", "examples", "python")
            for path in sorted((root / folder).rglob("*.?pp")) if "build" not in path.relative_to(root).parts]


def is_test(path):
    """As emdyn_module tells tests from the rest."""
    return "test" in path.name


def blank(text, strings=True):
    """The text with comments, and what stands in strings, as spaces: lengths and lines stay."""
    def spaces(match):
        token = match.group()
        if token[0].isdigit() or (not strings and token[0] != "/"):
            return token
        inside = re.sub(r"[^\n]", " ", token)
        return inside if token[0] == "/" else token[0] + inside[1:-1] + token[-1]
    return LITERALS.sub(spaces, text)


@dataclasses.dataclass
class Scope:
    kind: str  # namespace, class, enum or function.
    name: str
    outer: tuple  # The scopes around it, outermost first.
    begin: int  # Where its head begins, and its brace, and where that closes.
    open: int
    close: int


def scopes(code):
    """Namespaces, types and functions of blanked text, outermost first. Bodies of functions are not entered:
    a lambda or a local class belongs to the function around it."""
    code = DIRECTIVE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), code)
    closing, opened = {}, []
    for match in re.finditer(r"[{}]", code):
        if match.group() == "{":
            opened.append(match.start())
        elif opened:
            closing[opened.pop()] = match.start()
    found = []
    _walk(code, closing, 0, len(code), (), found)
    return found


def _walk(code, closing, begin, end, outer, found):
    head, depth, at, skipped = begin, 0, begin, []
    while match := PUNCTUATION.search(code, at, end):
        at = match.end()
        sign = match.group()
        if sign == "(":
            depth += 1
        elif sign == ")":
            depth = max(depth - 1, 0)
        elif sign == ":":
            if re.fullmatch(r"\s*(public|private|protected)\s*", code[head:match.start()]):
                head = at
        elif sign == ";" and depth == 0:
            head, skipped = at, []
        elif sign == "{":
            close = closing.get(match.start(), end)
            at = close + 1
            if depth:
                continue
            kind, name = _classify(_head(code, head, match.start(), skipped))
            if kind == "braces":  # An initialiser: the head goes on behind it.
                skipped.append((match.start(), close + 1))
                continue
            begins = head + len(code[head:match.start()]) - len(code[head:match.start()].lstrip())
            scope = Scope(kind, name, outer, begins, match.start(), close)
            found.append(scope)
            if kind in ("namespace", "class"):
                _walk(code, closing, match.end(), close, (*outer, scope), found)
            head, skipped = at, []


def _head(code, begin, end, skipped):
    """Text before a brace, where blocks passed on the way stand as {}."""
    parts = []
    for first, last in skipped:
        parts += [code[begin:first], "{}"]
        begin = last
    return "".join([*parts, code[begin:end]])


def _without_angles(text):
    while (shorter := re.sub(r"<[^<>]*>", "", text)) != text:
        text = shorter
    return text


def _classify(head):
    """What the brace behind this head opens, and its name."""
    text = re.sub(r"\[\[.*?\]\]", "", head, flags=re.S).strip()
    if match := re.match(r"(?:inline\s+)?namespace\b\s*(?:inline\s+)?([\w:]*)$", text):
        return "namespace", match.group(1)
    if re.fullmatch(r'extern\s+"\s*"', text):
        return "namespace", ""
    test = re.search(r"\bTEST\w*\s*\([^()]*\)$", text)
    text = re.sub(r"\boperator\s*(\(\s*\)|\[\s*\]|[^\s\w(]+)", "operator_", text.replace("->", " returns "))
    while (shorter := re.sub(r"\([^()]*\)", "\x01", text)) != text:
        text = shorter
    template = text.startswith("template")
    text = _without_angles(text).strip()
    if template:
        constraint = r"requires\s+[\w:\x01]+(?:\s*(?:&&|\|\|)\s*[\w:\x01]+)*\s+(?=class|struct|union)"
        text = re.sub(rf"^(template\s*)+({constraint})?", "", text)
    text = re.sub(r"\b(alignas|decltype|noexcept|explicit|__attribute__)\s*\x01", r"\1", text)
    if match := re.match(r"(?:typedef\s+)?enum\b(?:\s+(?:class|struct))?\s*(\w*)", text):
        return "enum", match.group(1)
    match = re.match(r"(?:typedef\s+)?(?:class|struct|union)\b(?:\s+alignas)?\s*([\w:]*)", text)
    if match and "\x01" not in text:
        return "class", match.group(1)
    if re.search(r"\brequires\s*\x01?$", text):
        return "braces", ""
    if match := re.search(r"(\w+)\s*=\s*\[[^\]]*\]\s*\x01?[^=]*$", text):
        return "function", match.group(1)
    called = re.search(r"([\w:~]+)\s*\x01", text)
    if not called or "=" in text:
        return "braces", ""
    if re.search(r"(?<!:):(?!:)", text[called.end():]) and not re.search(r"(\x01|\{\}|\.\.\.)$", text):
        return "braces", ""  # A member in a constructor's list.
    return "function", test.group() if test else called.group(1)
