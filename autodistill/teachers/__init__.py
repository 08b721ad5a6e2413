"""Ways to prepare a teacher: one file each; the folder is the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autodistill.teachers._base import Teacher as Teacher

if TYPE_CHECKING:
    AnyTeacher = Teacher
else:
    from autodistill.component import union_of

    AnyTeacher = union_of(__name__, Teacher)
