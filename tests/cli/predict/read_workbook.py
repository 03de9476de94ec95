"""Prints a workbook as JSON: read_workbook.py FILE all|sizes"""
import json
import sys

import openpyxl

file, what = sys.argv[1:]
if what == "sizes":
    workbook = openpyxl.load_workbook(file, read_only=True)
    result = {sheet.title: sum(1 for _ in sheet.iter_rows()) for sheet in workbook}
else:
    workbook = openpyxl.load_workbook(file)
    result = {
        sheet.title: {
            "frozen": sheet.freeze_panes,
            "rows": [[[cell.data_type, cell.value] for cell in row] for row in sheet.iter_rows()],
        }
        for sheet in workbook
    }
json.dump(result, sys.stdout)
