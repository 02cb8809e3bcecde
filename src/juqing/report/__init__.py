"""Results to look at and to take along: a self-contained HTML page, and tables by suffix."""

from juqing.report.html import write_report
from juqing.report.tables import TABLE_SUFFIXES, write_table

__all__ = ["TABLE_SUFFIXES", "write_report", "write_table"]
