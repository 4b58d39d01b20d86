"""Which files are pages, and which entries of a folder are not touched."""

import hashlib
import os
import socket

import pytest

from detectors.errors import AccessError, InputError
from scans.source import Limits, expand, read_pages, sha256_of
from scans.source.files import media_type
from tests.scans.source.sheets import encoded, sheet, write

PNG = encoded(sheet(), "PNG")


def test_type_is_told_by_content_not_by_name(tmp_path):
    path = write(tmp_path / "scan.jpg", encoded(sheet(), "TIFF"))
    (page,) = read_pages(path)
    assert page.origin.media_type == "image/tiff"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"II*\x00", "image/tiff"),
        (b"MM\x00+", "image/tiff"),
        (b"junk\n%PDF-1.4", "application/pdf"),
        (b"GIF89a", None),
        (b"", None),
    ],
)
def test_magic_bytes(head, kind):
    assert media_type(head) == kind


def test_folder_is_walked_in_order_and_other_files_passed_over(tmp_path):
    for name in ("b.png", "a.png", "sub/c.png", ".hidden/d.png", ".e.png", "sub/odd.dat"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(tmp_path / name, PNG)
    write(tmp_path / "notes.txt", b"no page")
    write(tmp_path / "broken.JPG", b"text that is no picture")
    names = [str(path.relative_to(tmp_path)) for path in expand([tmp_path])]
    assert names == ["a.png", "b.png", "broken.JPG", "sub/c.png", "sub/odd.dat"]


def test_a_file_named_twice_comes_once(tmp_path):
    first = write(tmp_path / "a.png", PNG)
    assert list(expand([first, tmp_path, first])) == [first]


def test_links_out_pipes_and_sockets_are_refused_with_reason(tmp_path):
    outside = write(tmp_path / "outside.png", PNG)
    folder = tmp_path / "folder"
    folder.mkdir()
    inside = write(folder / "a.png", PNG)
    (folder / "again.png").symlink_to(inside)
    (folder / "link.png").symlink_to(outside)
    (folder / "loop").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.png")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(os.path.relpath(folder / "socket.png"))
    refused: list[InputError] = []
    assert list(expand([folder], refuse=refused.append)) == [inside]
    listening.close()
    text = [str(error) for error in refused]
    assert len(text) == 4
    assert "link.png: a link that leads out of the folder" in text[0]
    assert "loop: a link that leads out" in text[1]
    assert "pipe.png: a pipe" in text[2]
    assert "socket.png: a socket" in text[3]


def test_without_a_listener_the_first_refused_entry_raises(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(InputError, match="pipe"):
        list(expand([tmp_path]))


def test_a_named_pipe_or_device_is_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(InputError, match="pipe, not a file"):
        next(read_pages(tmp_path / "pipe.png"))
    with pytest.raises(InputError, match="device, not a file"):
        next(read_pages("/dev/null"))
    with pytest.raises(InputError, match="folder, not a file"):
        next(read_pages(tmp_path))


def test_missing_paths_are_access_errors(tmp_path):
    with pytest.raises(AccessError, match=r"gone\.png"):
        list(expand([tmp_path / "gone.png"]))
    with pytest.raises(AccessError, match=r"gone\.png"):
        next(read_pages(tmp_path / "gone.png"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"dear all, the scans follow", "looks like text"),
        (b"GIF89a\x01\x00\x00", "looks like GIF"),
        (b"PK\x03\x04\x00\x00", "looks like ZIP"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 \x00", "looks like WebP"),
        (b"\x00\x00\x00\x18ftypheic\x00", "looks like HEIC"),
        (bytes(range(256)), "no known picture format"),
    ],
)
def test_mistyped_files_are_named_with_the_way_out(tmp_path, data, said):
    path = write(tmp_path / "scan.jpg", data)
    with pytest.raises(InputError) as caught:
        next(read_pages(path))
    assert said in str(caught.value)
    assert "scan.jpg" in str(caught.value)
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


def test_file_limit(tmp_path):
    path = write(tmp_path / "big.png", PNG)
    with pytest.raises(InputError, match=r"0\.0 MB exceed the limit of 0\.001 MB"):
        next(read_pages(path, limits=Limits(file_bytes=1049)))


def test_hash_is_of_the_whole_file(tmp_path):
    path = write(tmp_path / "a.png", PNG)
    assert sha256_of(path) == hashlib.sha256(PNG).hexdigest()
    assert next(read_pages(path)).origin.sha256 == sha256_of(path)
