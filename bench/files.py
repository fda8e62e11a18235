"""Files that are whole whenever they are read."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from pathlib import Path

from bench.errors import StorageError

_OUT_OF_REACH = frozenset(
    {errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE, errno.ETIMEDOUT}
)
"""What an error of the machine or the network says, and none of what a file holds."""

_MEND = "mend that, and give the same command again"


def out_of_reach(error: OSError) -> str:
    """Return why a file cannot be read just now, whatever it holds; empty where the file may be what is wrong."""
    return _why(error) if error.errno in _OUT_OF_REACH else ""


def in_the_way(error: OSError) -> StorageError:
    """Return what to tell of an error of the machine that stops a command: no process can be started, say."""
    where = f"{error.filename}: " if isinstance(error.filename, str) else ""
    return StorageError(f"this command cannot go on: {where}{_why(error)}; {_MEND}")


def not_now(path: Path | str, why: str) -> str:
    """Return what to tell of a file that is out of reach."""
    return f"{path} cannot be read just now: {why}; give the same command again"


def write_atomic(path: Path, content: str | bytes, *, replace: bool = True) -> None:
    """Write a file so that a reader, or a machine that dies, finds the old one or the new one and nothing between.

    Args:
        path: of the file; its folder is made.
        content: of the file.
        replace: whether it takes the place of one that is there; otherwise that one stays.

    Raises:
        StorageError: it cannot be written. Nothing of it is left.
    """
    # A process's number is its own on one machine; machines may share the folder.
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(_bytes(content))
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.replace(temporary, path)
        else:
            _move_if_absent(temporary, path)
    except OSError as error:
        raise _not_written(path, error) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def half_written(folder: Path) -> list[Path]:
    """Return what processes that were killed have left of files, in a folder that nobody else writes to."""
    return list(folder.glob(".*.tmp"))


def remove(path: Path) -> None:
    """Remove a file, if it is there.

    Raises:
        StorageError: it cannot be removed.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"{path} cannot be removed: {_why(error)}; {_MEND}") from None


def write_named(path: Path, content: str | bytes) -> None:
    """Write what a user has named: a file as `write_atomic` does, a symbolic link's target, or into a device or pipe.

    Args:
        path: as the user gave it. A link stays one, and what is no regular file stays what it is.
        content: of the file.

    Raises:
        StorageError: it cannot be written.
    """
    try:
        if path.exists() and not path.is_file():
            with open(path, "wb") as file:
                file.write(_bytes(content))
            return
    except OSError as error:
        raise _not_written(path, error) from None
    write_atomic(Path(os.path.realpath(path)), content)


def _bytes(content: str | bytes) -> bytes:
    # A traceback may quote a file name that is no Unicode; it must not cost the file.
    return content.encode(errors="backslashreplace") if isinstance(content, str) else content


def _not_written(path: Path, error: OSError) -> StorageError:
    return StorageError(f"{path} cannot be written: {_why(error)}; {_MEND}")


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _move_if_absent(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)
    except (FileExistsError, FileNotFoundError):  # another process was first; it may have cleared this one away, too
        pass
    except OSError:  # a file system without links
        if not path.exists():
            os.replace(temporary, path)
