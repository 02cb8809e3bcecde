"""What goes wrong, in Chinese, for the page: one table, since readers, store and server say it in English, some of it in the database.

A message is one or more sentences, each of them a row here; `{…}` stands for a value. `tests/web/test_messages.py` finds every
message that a user of the page can meet, and fails where a sentence of it has no row.
"""

from __future__ import annotations

import re

SENTENCES = {
    # The server
    "The file is empty.": "文件是空的。",
    "the file is empty.": "文件是空的。",
    "The file has {} bytes, and the limit is {}.": "文件有 {} 字节，上限是 {}。",
    "More than {} bytes were sent, which is the limit.": "发来的超过 {} 字节的上限。",
    "Send a smaller file.": "请换一个小些的文件。",
    "Check that it was saved or copied completely.": "请检查它是否保存、复制完整。",
    "There is no such model.": "没有这个模型。",
    "Take one of {}.": "可以用：{}。",
    "Send a form with a file, or JSON with a text.": "请用表单发送文件，或用 JSON 发送文字。",
    "The form cannot be parsed.": "表单读不懂。",
    "The form has no file in its field {}.": "表单的 {} 里没有文件。",
    "The cursor is none that a page gave.": "这个页码不对。",
    "The script has {} scenes.": "剧本只有 {} 场。",
    "The script has not been read yet.": "剧本还没有读完。",
    "The script has not been scored yet.": "剧本还没有分析完。",
    "Wait for its job.": "请稍等。",
    "A character is nobody in this script.": "剧本里没有这个人物。",
    "Take the names of its cast.": "请用人物表里的名字。",
    "There is no such correction.": "没有这处改正。",
    "There is no such job.": "没有这个任务。",
    "Its script may have been deleted.": "它的剧本可能已经删除。",
    "There is no such script.": "没有这个剧本。",
    "It may have been deleted.": "可能已经删除。",
    "There is no such file.": "没有这个文件。",
    "The database is busy or gone.": "数据库正忙，或者连不上。",
    "The database is busy, full or gone.": "数据库正忙、已满，或者连不上。",
    "Try again.": "请再试一次。",
    "Try again later.": "请稍后再试。",
    "{} scripts wait to be analyzed, and the limit of this server is {} (--max-queued).": "已有 {} 个剧本在等待分析，这个服务器最多收 {} 个（--max-queued）。",
    "This is a fault of juqing ({}).": "这是 juqing 自己的错（{}）。",
    "Please report it.": "请告诉开发者。",
    "This server answers to the addresses of this machine alone, such as 127.0.0.1.": "这个服务器只用本机的地址访问，例如 127.0.0.1。",
    "Too many requests.": "请求太多。",
    "Wait a little.": "请稍等一会儿。",
    "This server needs its token.": "这个服务器需要口令。",
    "Another site may not change anything here.": "别的网站不能改动这里的内容。",
    "{}: String should have at most {} characters": "{} 最多 {} 个字。",
    "{}: String should have at least {} character": "{} 至少要有 {} 个字。",
    "Not Found": "没有找到。",
    "Method Not Allowed": "这里不能这样做。",
    # Names and corrections
    "{} is nobody in this script.": "剧本里没有{}这个人。",
    "Uploads of {} bytes are under way, which is the limit.": "正在上传的文件共 {} 字节，已到上限。请稍候再试。",
    "Give names of its cast.": "请用人物表里的名字。",
    "Give names of its cast, or names that stand in its text.": "请用人物表里的名字，或剧本文字里有的名字。",
    "Let the alias count as a name of its cast.": "请把别名算作人物表里的名字。",
    "{} is not a name.": "{} 不能作名字。",
    "Give 1 to {} printable characters.": "名字要有 1 到 {} 个可显示的字。",
    "{} is an alias itself.": "{} 自己就是别名。",
    "Let both count as {}.": "请让两个都算作 {}。",
    "there is no cue {} in this script.": "剧本里没有编号 {} 的一处。",
    "Take its `cue` from the scores.": "请用数值表里的编号。",
    "{} is not a strength.": "{} 不是强度。",
    "Give one of {} and a number in 0..{}.": "请给出 {} 之一，和 0 到 {} 的数。",
    # The analysis
    "The analysis broke off by a fault of juqing ({}).": "分析中断了，这是 juqing 自己的错（{}）。",
    "The analysis was begun {} times and never came to its end.": "分析开始了 {} 次，都没有做完。",
    "Upload the script again to try once more.": "请重新上传，再试一次。",
    "The analysis took longer than {} minutes, which is the limit of this server (--max-minutes).": "分析超过了 {} 分钟，这是这个服务器的上限（--max-minutes）。",
    "Split the script, or try again when the server has less to do.": "请把剧本分开，或在服务器空闲时再试。",
    "the model {} is not here any more.": "模型 {} 已经不在了。",
    "Upload the script again.": "请重新上传剧本。",
    "no character was found in {} lines: this looks like prose, or a layout that is not known.": "在 {} 行里没有找到人物：看起来是散文，或者是不认识的格式。",
    "Speeches are read in forms such as 名字：台词, or as Fountain.": "台词要写成“名字：台词”这样的形式，或者用 Fountain 格式。",
    # Files
    "this is {}: it cannot be read.": "这是{}，读不了。",
    "Open it in Word or WPS and save it as .docx.": "请用 Word 或 WPS 打开，另存为 .docx。",
    "Open it in WPS and save it as .docx.": "请用 WPS 打开，另存为 .docx。",
    "Export the script as .docx, .fountain, .fdx or plain text from the program that it was written in.": "请用写剧本的软件导出为 .docx、.fountain、.fdx 或纯文本。",
    "Give the screenplay itself.": "请上传剧本本身。",
    "Save it as .xlsx or .csv.": "请另存为 .xlsx 或 .csv。",
    "Export it as .fountain or .fdx from Fade In.": "请在 Fade In 里导出为 .fountain 或 .fdx。",
    "this looks like a classical drama (杂剧 or 传奇): {} stage tags such as 云〕, 唱〕, 科〕 stand inside its paragraphs.": "看起来是古典戏曲（杂剧、传奇）：段落里有 {} 处“云〕”“唱〕”“科〕”这样的提示。",
    "Such texts are not read yet; put each speech on a line of its own as 名字：台词.": "现在还读不了；请把每句台词单独写成一行“名字：台词”。",
    "{} is {}, and the limit {} is {}.": "{}是 {}，超过上限 {}：{}。",
    "Split the file, or check that it is a screenplay.": "请把文件分开，或检查它是不是剧本。",
    "this is not text in UTF-8, UTF-16, GB18030 or Big5.": "这不是 UTF-8、UTF-16、GB18030 或 Big5 编码的文字。",
    "If it is a script in another encoding, name it with --encoding; if it is another kind of file, export it as text.": "如果是别的编码的剧本，请另存为 UTF-8；如果是别的文件，请导出为文本。",
    "the byte-order mark says {}, but byte {} is not.": "文件开头说编码是 {}，但第 {} 个字节不是。",
    "Save the file again as UTF-8.": "请另存为 UTF-8。",
    "this is not {}: the zip container is damaged or cut off.": "这不是{}：文件损坏或不完整。",
    "Save or copy it again.": "请重新保存或复制。",
    "this is not {}: its parts are packed in another way.": "这不是{}：压缩的方式不对。",
    "Save it again from its program.": "请用原来的软件重新保存。",
    "the zip container has no word/document.xml, so it is no Word document.": "压缩包里没有 word/document.xml，不是 Word 文档。",
    "Save the script again as .docx.": "请重新存为 .docx。",
    "its tables are nested too deeply.": "表格套得太深。",
    "Save the script as plain text.": "请存为纯文本。",
    "{} in the container is damaged, cut off or encrypted.": "压缩包里的 {} 损坏、不完整，或者有密码。",
    "the document has a password: it cannot be read.": "文件有密码，读不了。",
    "Save the document again, without a password.": "请去掉密码，重新保存。",
    "the zip container holds no text.": "压缩包里没有文字。",
    "Export it as .fountain from Highland.": "请在 Highland 里导出为 .fountain。",
    "its first element is {}, not <FinalDraft>.": "第一个元素是 {}，不是 <FinalDraft>。",
    "Export the script as Final Draft (.fdx).": "请把剧本导出为 Final Draft（.fdx）。",
    "its dual dialogues are nested too deeply.": "并排的台词套得太深。",
    "Export the script again.": "请重新导出剧本。",
    "{} declares an XML document type or entity, which no screenplay program writes.": "{}里有 XML 文档类型或实体的声明，写剧本的软件不会这样写。",
    "It is refused, since entities can be used to attack; save the script again from its program.": "实体可以用来攻击，所以不读；请用原来的软件重新保存剧本。",
    "{} is not well-formed XML ({}).": "{}的 XML 有错（{}）。",
    "Save the script again from its program.": "请用原来的软件重新保存剧本。",
    "{} is nested too deeply.": "{}套得太深。",
    "this is not a script in JSON: {}.": "这不是 JSON 剧本：{}。",
    "the script in JSON contradicts itself: {}.": "JSON 剧本自相矛盾：{}。",
    "Give a file that `juqing read --json` or `juqing convert --to json` wrote.": "请用 `juqing read --json` 或 `juqing convert --to json` 写出的文件。",
    # Tables
    "this is a document, not a table of tab-separated text.": "这是文档，不是用制表符分隔的表格。",
    "A table has the columns id, content, character; to score a script: juqing analyze.": "表格要有 id、content、character 三列；要给剧本打分，用 juqing analyze。",
    "the table cannot be read ({}).": "表格读不了（{}）。",
    "Quotes inside a field are doubled; save the table again from its program.": "格子里的引号要写两个；请用原来的软件重新保存表格。",
    "the workbook cannot be read ({}).": "工作簿读不了（{}）。",
    "Save it again as .xlsx, or as .csv.": "请重新存为 .xlsx，或存为 .csv。",
    "the table names no columns for speaker and text; its first row is {}.": "表格没有写明哪一列是人物、哪一列是台词；第一行是 {}。",
    "Name the columns in the first row: scene, speaker, text (场次, 人物, 台词).": "请在第一行写上列名：场次、人物、台词。",
    "the table is empty.": "表格是空的。",
    "Its first line must name columns: id, content, character{}.": "第一行必须是列名：id、content、character{}。",
    "the table has no column {}; it has {}.": "表格没有 {} 这一列；它有 {}。",
    "The columns are separated by tabs and named in the first line: id, content, character{}.": "各列用制表符分开，第一行是列名：id、content、character{}。",
    "the id {} was on line {} already.": "编号 {} 在第 {} 行已经有了。",
    "Ids must be unique.": "编号不能重复。",
    "the table has a header and no rows.": "表格只有列名，没有内容。",
    "Check that the export is complete.": "请检查导出是否完整。",
    "the row has {} fields, and the header names {} columns.": "这一行有 {} 格，列名有 {} 个。",
    "Fields are separated by single tabs; a text must not contain a tab or a line break.": "各格用一个制表符分开；文字里不能有制表符和换行。",
    "the id {} is not of the form script_scene_A_number (such as 1171_0001_A_12).": "编号 {} 的格式不是 剧本_场_A_序号（例如 1171_0001_A_12）。",
    "Give every row such an id; the number is the row's place in its script.": "请给每一行这样的编号；序号是这一行在剧本里的位置。",
    "the label {} has {} values.": "标注 {} 有 {} 个值。",
    "A label is six numbers in 0..3, separated by commas.": "标注是六个 0 到 3 的数，用逗号分开。",
    "{} is not a number in 0..{}.": "{}不是 0 到 {} 的数。",
    "Correct the row.": "请改正这一行。",
    "the table holds {} scripts.": "表格里有 {} 个剧本。",
    "One script was asked for: read_scripts in Python, or juqing read without --json, give all of them.": "这里一次只读一个剧本，请分成几个文件。",
}  # fmt: skip
WORDS = {
    "an old binary Word document (.doc)": "旧版 Word 文档（.doc）",
    "a WPS document": "WPS 文档",
    "a PDF": " PDF 文件",
    "an RTF document": " RTF 文档",
    "a subtitle file, which does not say who speaks": "字幕文件，没有写谁在说话",
    "an old binary Excel workbook (.xls)": "旧版 Excel 工作簿（.xls）",
    "a Fade In document": " Fade In 文档",
    "a Word document (.docx)": " Word 文档（.docx）",
    "an Excel workbook (.xlsx)": " Excel 工作簿（.xlsx）",
    "a Highland document (.highland)": " Highland 文档（.highland）",
    "the Final Draft document": " Final Draft 文档",
    "the size in bytes": "文件的字节数",
    "the number of lines": "行数",
    "the number of rows": "行数",
    "the number of characters": "字数或人物数",
    "the number of paragraphs": "段落数",
    "the number of scenes": "场数",
    "the length of the line": "这一行的长度",
    "the length of a paragraph": "这一段的长度",
    "the length of the paragraph": "这一段的长度",
    "the length of a cell": "这一格的长度",
    "the number of files in the container": "压缩包里的文件数",
    "the unpacked size of the container": "解压后的大小",
    "the unpacked size of {}": " {} 解压后的大小",
    "the label {}": "标注 {} ",
    "the confidence {}": "可信度 {} ",
    "the compression of {}": " {} 的压缩比",
}
"""What stands in the place of a value and is no value."""
_LONGEST, _MOST_STARTS = 800, 4  # names come from strangers, and must not make the looking up long
STATUSES = {
    400: "请求读不懂",
    401: "需要口令",
    403: "不允许",
    404: "没有找到",
    405: "不能这样做",
    406: "这里做不出这种格式",
    409: "还没有准备好",
    413: "太大",
    415: "格式不对",
    421: "地址不对",
    422: "内容不能用",
    429: "请求太多",
    500: "服务器出错",
    503: "服务器忙",
}


def chinese(message: str, status: int = 0) -> str:
    """A message in Chinese. What has no row stays in English, behind what the HTTP status says."""
    prefix, text, rest = translated(message)
    if rest and not text:
        return f"{STATUSES.get(status, '没有成功')}：{message}"
    return prefix + text + rest


def translated(message: str) -> tuple[str, str, str]:
    """A message in three parts: the file and line in front, the sentences in Chinese, and what of it has no row."""
    if len(message) > _LONGEST:
        return "", "", message
    starts = [0, *(found.end() for found in re.finditer(": ", message))]  # a name may hold anything, colons too
    for start in starts[:_MOST_STARTS]:
        text, rest = _sentences(message[start:])
        if text:
            place = message[:start].removesuffix(": ")
            place = re.sub(r"(^|, )line (\d+)$", lambda m: ("，" if m[1] else "") + f"第 {m[2]} 行", place)
            return (f"{place}：" if place else ""), text, rest
    return "", "", message


def _sentences(message: str) -> tuple[str, str]:
    """The sentences at the start that have a row, in Chinese, and the rest."""
    text = ""
    while message:
        for pattern, chinese in _ROWS:
            if found := pattern.match(message):
                text += chinese.format(*map(_word, found.groups()))
                message = message[found.end() :].lstrip(" ")
                break
        else:
            break
    return text, message


def _word(value: str) -> str:
    for pattern, chinese in _WORD_ROWS:
        if found := pattern.fullmatch(value):
            return chinese.format(*found.groups())
    return value


def _compiled(table: dict[str, str]) -> list[tuple[re.Pattern[str], str]]:
    """Rows with the most letters first: of two that fit, the one that says more is meant."""
    rows = []
    for english, chinese in sorted(table.items(), key=lambda row: -len(row[0])):
        pattern = re.escape(english).replace(r"\{\}", "(.*?)")
        if pattern.startswith("(.*?)"):  # which must not swallow the file's name
            pattern = pattern.replace("(.*?)", "((?:(?!: ).)*?)", 1)
        rows.append((re.compile(rf"{pattern}(?=\s|$)", re.DOTALL), chinese))
    return rows


_ROWS, _WORD_ROWS = _compiled(SENTENCES), _compiled(WORDS)
