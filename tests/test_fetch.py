"""Data sets from folders and archives: whole, the pinned ones, or not at all."""

import contextlib
import functools
import hashlib
import http.server
import threading

import pytest
import releases

from psyche_bench import fetch, sources
from psyche_bench.cli import main
from psyche_bench.errors import DataError

TOP = "Repo-0123abc"


@contextlib.contextmanager
def serving(handler):
    """A web server on this machine for as long as the block runs; yields its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder without a word."""

    def log_message(self, *_):
        """Say nothing."""


class Cut(Quiet):
    """Promises more than it sends."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"PK")


@pytest.fixture
def web(tmp_path):
    """A folder and the address it is served at."""
    folder = tmp_path / "web"
    folder.mkdir()
    with serving(functools.partial(Quiet, directory=str(folder))) as address:
        yield folder, address


@pytest.fixture
def root(tmp_path, monkeypatch):
    """An empty data root."""
    monkeypatch.setenv("PSYCHE_BENCH_DATA", str(tmp_path / "root"))
    return tmp_path / "root"


def below(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# The real releases, in the shape of a GitHub archive.


@pytest.mark.parametrize("name", ["pceb", "cpsyexam"])
def test_a_folder_at_hand_is_taken_whatever_else_lies_in_it(data_root, root, name):
    assert fetch.get(name, source_folder=data_root) == root / name
    assert set(below(root / name)) == set(sources.hashes(name))
    again = fetch.get(name, source_folder=root / name)  # from itself, the folder named directly
    assert sources.differing_files(name, again) == []


def archive_of(name, folder) -> bytes:
    """The release packed as its archive: nested, and for CPsyExam with unflagged UTF-8 names."""
    files = {path: (folder / path).read_bytes() for path in sources.hashes(name)}
    inside = f"{TOP}/{sources.catalogue()[name].inside}"
    if name == "pceb":
        return releases.zipped({inside + path: raw for path, raw in files.items()})
    written = {p.removeprefix("cpsyexam_qa/"): raw for p, raw in files.items() if "_qa/" in p}
    choices = {
        p: raw for p, raw in files.items() if p.partition("/")[0] in ("train", "dev", "test")
    }
    rest = {p: raw for p, raw in files.items() if "/" not in p}
    nested = {
        "cpsyexam.zip": releases.zipped(
            {f"cpsyexam/{p}": raw for p, raw in choices.items()}, flagged=False
        ),
        "cpsyexam_qa.zip": releases.zipped(
            {f"cpsyexam_qa/{p}": raw for p, raw in written.items()}, flagged=False
        ),
    }
    return releases.zipped({inside + path: raw for path, raw in (nested | rest).items()})


@pytest.mark.parametrize("name", ["pceb", "cpsyexam"])
def test_an_archive_is_fetched_unpacked_and_checked(data_root, root, web, name):
    folder, address = web
    (folder / "release.zip").write_bytes(archive_of(name, data_root / name))
    assert fetch.get(name, archive=f"{address}/release.zip") == root / name
    assert set(below(root / name)) == set(sources.hashes(name))
    assert main(["data", "check", name]) == 0


# Invented releases: the same code, with hashes and addresses of our own.


@pytest.fixture
def pinned(tmp_path, monkeypatch, web):
    """Pins the invented releases and serves their archives; returns what is served."""
    folder, address = web
    files = {
        "pceb": {p: releases.dumped(rows) for p, rows in releases.good_pceb_files().items()},
        "cpsyexam": {p: releases.dumped(rows) for p, rows in releases.cpsyexam_files().items()},
    }
    digests = {
        name: {path: hashlib.sha256(raw).hexdigest() for path, raw in content.items()}
        for name, content in files.items()
    }
    key = releases.zipped(
        {
            f"with_answers/{p}": releases.dumped(rows)
            for p, rows in releases.cpsyexam_files(keyed=True).items()
        },
        flagged=False,
    )
    (folder / "key.zip").write_bytes(key)
    catalogue = {
        name: source.model_copy(update={"archive": f"{address}/{name}.zip"})
        for name, source in sources.catalogue().items()
    }
    test_key = catalogue["cpsyexam"].test_key.model_copy(
        update={"archive": f"{address}/key.zip", "sha256": hashlib.sha256(key).hexdigest()}
    )
    catalogue["cpsyexam"] = catalogue["cpsyexam"].model_copy(update={"test_key": test_key})
    monkeypatch.setattr(sources, "catalogue", lambda: catalogue)
    monkeypatch.setattr(sources, "hashes", digests.__getitem__)
    for name, content in files.items():
        releases.write(tmp_path / "copies" / name, content)
        (folder / f"{name}.zip").write_bytes(archive_of(name, tmp_path / "copies" / name))
    return folder


def test_the_pinned_address_is_the_one_that_is_asked(pinned, root):
    assert len(fetch.get("pceb").name) == 4
    assert len(sources.load("pceb")) == 7
    fetch.get("cpsyexam")
    assert [len(sources.load("cpsyexam", split)) for split in ("train", "dev", "test")] == [3, 2, 2]
    assert len(sources.load("cpsyexam_qa")) == 3


def spoilt(pinned, how):
    """Spoil the served archive of PCEB."""
    path = pinned / "pceb.zip"
    inside = f"{TOP}/benchmark/"
    files = {inside + p: releases.dumped(rows) for p, rows in releases.good_pceb_files().items()}
    if how == "changed":
        files[inside + releases.SINGLE] += b" "
    elif how == "short":
        del files[inside + releases.SINGLE]
    path.write_bytes({"cut": releases.zipped(files)[:-200], "page": b"<html>"}.get(how)
                     or releases.zipped(files))  # fmt: skip


SPOILT = [
    ("changed", rf"1 of 4 files are missing or are not those .* first: {releases.SINGLE}"),
    ("short", rf"1 of 4 files are missing or are not those .* first: {releases.SINGLE}"),
    ("cut", "no whole zip archive"),
    ("page", "no whole zip archive"),
]


@pytest.mark.parametrize(("how", "said"), SPOILT, ids=[row[0] for row in SPOILT])
@pytest.mark.parametrize("old", [True, False], ids=["over an old copy", "into nothing"])
def test_what_is_not_the_pinned_release_changes_nothing(pinned, root, how, said, old):
    if old:
        fetch.get("pceb")
        (root / "pceb" / "note.txt").write_text("mine", encoding="utf-8")
    before = below(root) if root.exists() else {}
    spoilt(pinned, how)
    with pytest.raises(DataError, match=said):
        fetch.get("pceb")
    assert below(root) == before
    assert [p.name for p in root.iterdir()] == (["pceb"] if old else [])


def test_a_wrong_folder_installs_nothing(pinned, root, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="4 of 4 files are missing"):
        fetch.get("pceb", source_folder=tmp_path / "empty")
    with pytest.raises(DataError, match=r"no such folder. Pass the folder that holds pceb"):
        fetch.get("pceb", source_folder=tmp_path / "absent")
    assert list(root.iterdir()) == []


def test_a_copy_that_is_there_is_replaced(pinned, root):
    fetch.get("pceb")
    (root / "pceb" / releases.SINGLE).write_text("[]", encoding="utf-8")
    fetch.get("pceb")
    assert sources.differing_files("pceb", root / "pceb") == []
    assert [p.name for p in root.iterdir()] == ["pceb"]


def test_a_linked_folder_is_replaced_and_its_target_left_alone(pinned, root, tmp_path):
    theirs = tmp_path / "theirs"
    releases.write(theirs, {"keep.json": []})
    root.mkdir()
    (root / "pceb").symlink_to(theirs, target_is_directory=True)
    fetch.get("pceb")
    assert not (root / "pceb").is_symlink()
    assert sources.differing_files("pceb", root / "pceb") == []
    assert below(theirs) == {"keep.json": b"[]"}


def test_members_that_climb_out_are_ignored(pinned, root, tmp_path):
    path = pinned / "pceb.zip"
    inside = f"{TOP}/benchmark/"
    files = {inside + p: releases.dumped(r) for p, r in releases.good_pceb_files().items()}
    wicked = {
        f"{inside}../../../../escaped.txt": b"x",
        f"{inside}theory/../../../escaped.txt": b"x",
        "/escaped.txt": b"x",
        f"{TOP}/elsewhere/readme.txt": b"x",
    }
    path.write_bytes(releases.zipped(wicked | files))
    before = below(tmp_path)
    fetch.get("pceb")
    assert set(below(root / "pceb")) == set(sources.hashes("pceb"))
    assert {
        p for p in below(tmp_path) if p not in before and not p.startswith("root/pceb/")
    } == set()


def test_members_of_a_nested_archive_that_climb_out_are_ignored(pinned, root, tmp_path):
    path = pinned / "cpsyexam.zip"
    files = {p: releases.dumped(rows) for p, rows in releases.cpsyexam_files().items()}
    inside = f"{TOP}/evaluations/llmeval/cpsyexam/"
    choices = {f"cpsyexam/{p}": raw for p, raw in files.items() if "_qa" not in p}
    written = {p: raw for p, raw in files.items() if "_qa" in p}
    wicked = {"cpsyexam/../../../escaped.txt": b"x", "/escaped.txt": b"x"}
    nested = {
        "cpsyexam.zip": releases.zipped(wicked | choices),
        "cpsyexam_qa.zip": releases.zipped(written),
    }
    path.write_bytes(releases.zipped({inside + p: raw for p, raw in nested.items()}))
    fetch.get("cpsyexam")
    assert set(below(root / "cpsyexam")) == set(sources.hashes("cpsyexam"))
    assert not list(tmp_path.rglob("escaped.txt"))


def test_a_name_that_newer_pythons_have_decoded_already_is_kept():
    import zipfile

    member = zipfile.ZipInfo("dev/记忆.json")
    assert sources.cpsyexam.utf8_name(member) == "dev/记忆.json"


UNREACHABLE = [
    ("http://127.0.0.1:9/pceb.zip", "nothing listens there"),
    ("http://psyche-bench.invalid/pceb.zip", "no such host"),
    ("file:///nowhere/pceb.zip", "no such file"),
    ("pceb.zip", "no address at all"),
]


@pytest.mark.parametrize(
    "address", [row[0] for row in UNREACHABLE], ids=[row[1] for row in UNREACHABLE]
)
def test_an_unreachable_address_says_what_to_do(root, capsys, address):
    assert main(["data", "get", "pceb", "--archive", address]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert f"DataError: {address} cannot be fetched" in err
    assert "--from DIR" in err
    assert list(root.iterdir()) == []


def test_an_answer_that_breaks_off_is_an_error_too(root):
    with serving(Cut) as address, pytest.raises(DataError, match="cannot be fetched"):
        fetch.get("pceb", archive=f"{address}/pceb.zip")


def test_a_page_that_is_not_there_is_an_error(root, web):
    with pytest.raises(DataError, match=r"cannot be fetched .*404"):
        fetch.get("pceb", archive=f"{web[1]}/absent.zip")


def test_unknown_names_and_the_sample_have_no_address(root, capsys):
    for name in ("sample", "nothing"):
        assert main(["data", "get", name]) == 1
        assert "The sample ships with the package." in capsys.readouterr().err


# The answer key of CPsyExam's test split.


def test_the_test_split_has_golds_only_with_its_key(pinned, root, monkeypatch, tmp_path):
    fetch.get("cpsyexam")
    assert [q.gold for q in sources.load("cpsyexam", "test")] == [None, None]
    monkeypatch.setenv("PSYCHE_BENCH_DATA", str(tmp_path / "keyed"))
    fetch.get("cpsyexam", key=True)
    assert {q.kind: q.gold for q in sources.load("cpsyexam", "test")} == {
        "smcq": "A", "mmcq": "AC",
    }  # fmt: skip
    assert [q.gold for q in sources.load("cpsyexam", "dev")] == ["AB", "C"]


def test_a_key_with_another_hash_is_refused_and_the_old_copy_stays(pinned, root):
    fetch.get("cpsyexam")
    before = below(root)
    (pinned / "key.zip").write_bytes((pinned / "key.zip").read_bytes() + b"\0")
    with pytest.raises(DataError, match=r"the answer key has SHA-256 .* Nothing was installed"):
        fetch.get("cpsyexam", key=True)
    assert below(root) == before


def test_a_key_at_hand_is_taken_and_checked_as_well(pinned, root, tmp_path):
    name = sources.catalogue()["cpsyexam"].test_key.file
    copies = tmp_path / "copies"
    (copies / "cpsyexam" / name).write_bytes((pinned / "key.zip").read_bytes())
    (pinned / "key.zip").unlink()  # so it cannot come from there
    fetch.get("cpsyexam", source_folder=copies, key=True)
    assert all(q.gold for q in sources.load("cpsyexam", "test"))
    (copies / "cpsyexam" / name).write_bytes(b"another")
    with pytest.raises(DataError, match="the answer key has SHA-256"):
        fetch.get("cpsyexam", source_folder=copies, key=True)


def test_pceb_has_no_key(pinned, root, capsys):
    assert main(["data", "get", "pceb", "--with-test-key"]) == 1
    assert "pceb has no withheld test split" in capsys.readouterr().err
    assert list(root.iterdir()) == []


def shifted(files):
    rows = files[f"test/{releases.CPSYEXAM_SINGLE}"]
    rows.insert(0, releases.cpsyexam_row(9, "single", "D"))


def renamed(files):
    files["test/KG-TST-别的-单项选择题.json"] = files.pop(f"test/{releases.CPSYEXAM_SINGLE}")


def nothing(files):
    files.clear()


def untexted(files):
    del files[f"test/{releases.CPSYEXAM_SINGLE}"][0]["question"]


KEYS = [(shifted, "shifted by a row"), (renamed, "a file is missing"), (nothing, "empty"),
        (untexted, "a row without its text")]  # fmt: skip


@pytest.mark.parametrize("edit", [row[0] for row in KEYS], ids=[row[1] for row in KEYS])
def test_a_key_of_another_release_grades_nothing(tmp_path, monkeypatch, edit):
    monkeypatch.setenv("PSYCHE_BENCH_DATA", str(tmp_path))
    releases.write(tmp_path / "cpsyexam", releases.cpsyexam_files())
    files = releases.cpsyexam_files(keyed=True)
    edit(files)
    key = releases.zipped({p: releases.dumped(rows) for p, rows in files.items()}, flagged=False)
    (tmp_path / "cpsyexam" / sources.cpsyexam.KEY_FILE).write_bytes(key)
    with pytest.raises(DataError, match="no entry with the text of cpsyexam/test/"):
        sources.load("cpsyexam", "test")
    assert sources.load("cpsyexam", "dev")


def test_a_broken_key_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PSYCHE_BENCH_DATA", str(tmp_path))
    releases.write(tmp_path / "cpsyexam", releases.cpsyexam_files())
    (tmp_path / "cpsyexam" / sources.cpsyexam.KEY_FILE).write_bytes(b"no zip")
    with pytest.raises(DataError, match="answer key cannot be read"):
        sources.load("cpsyexam", "test")
