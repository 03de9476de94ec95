"""Prints a workbook as JSON. A sheet consists of its frozen cell and its rows; a cell is a type and a value."""
import json
import sys

import openpyxl

workbook = openpyxl.load_workbook(sys.argv[1])
json.dump(
    {
        sheet.title: {
            "frozen": sheet.freeze_panes,
            "rows": [[[cell.data_type, cell.value] for cell in row] for row in sheet.iter_rows()],
        }
        for sheet in workbook
    },
    sys.stdout,
)
