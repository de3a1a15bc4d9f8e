"""Files that are written whole or not at all."""

import os
import stat
import threading

import pytest

from sklearn_mtl.files import write_whole, written_whole


def test_permissions_and_links_stay(tmp_path):
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_bytes(b"before")
    file.chmod(0o640)
    link.symlink_to(file)

    write_whole(link, b"after")

    assert file.read_bytes() == b"after"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [file, link]


def test_a_new_file_has_the_usual_permissions(tmp_path):
    (tmp_path / "usual").write_bytes(b"")
    write_whole(tmp_path / "new", b"")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in this system")
def test_pipes_and_devices_are_written_to_and_never_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()

    write_whole(pipe, b"whole")

    reader.join(10)
    assert found == [b"whole"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]


@pytest.mark.parametrize("name", ["n" * 255, "ü" * 127, "\U0001f600" * 63, "a b\n'c"])
def test_names_may_be_as_long_as_the_system_has_them(name, tmp_path):
    write_whole(tmp_path / name, b"1")
    write_whole(os.fsencode(tmp_path / name), b"12")
    assert (tmp_path / name).read_bytes() == b"12"
    assert os.listdir(tmp_path) == [name]


def test_threads_may_write_one_file(tmp_path):
    path, contents = tmp_path / "file", [bytes([i]) * 100_000 for i in range(8)]
    write_whole(path, contents[0])
    found = []
    threads = [threading.Thread(target=write_whole, args=(path, c)) for c in contents]
    for thread in threads:
        thread.start()
        found.append(path.read_bytes())
    for thread in threads:
        thread.join()

    assert {*found, path.read_bytes()} <= {*contents}
    assert list(tmp_path.iterdir()) == [path]


def test_several_files_are_all_written_or_none(tmp_path):
    def write():
        asked = {"a": tmp_path / "a", "b": tmp_path / "b", "c": None}
        with written_whole(asked) as beside:
            assert beside["c"] is None
            with open(beside["a"], "wb") as file:
                file.write(b"a")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        write()
    assert list(tmp_path.iterdir()) == []
