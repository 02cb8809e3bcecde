"""Names that stand for masks: the competition's tables say `a1`, users' scripts say 林远, and a model must know both.

All lists were written for this project.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable

MASK = re.compile(r"(?<![A-Za-z])[a-z]\d{1,2}(?!\d)")
"""A masked name in a text, such as `a1` or `b13`."""

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
_COMPOUND = ("欧阳", "上官", "司徒", "诸葛", "慕容", "司马", "东方")
_MALE = (
    "伟 强 磊 军 勇 杰 涛 超 明 刚 平 辉 鹏 华 飞 鑫 波 斌 宇 浩 凯 健 俊 帆 志 国 建 文 海 峰 亮 成 林 东 龙 山 远 德 忠 义 "
    "生 福 贵 宝 泽 晨 轩 昊 然 博 睿 子 一 天 家 振 学 永 立 少 景 承 云 柏 川 毅 铮 铁 虎 庆 祥"
).split()
_FEMALE = (
    "芳 娜 秀 英 敏 静 丽 艳 娟 霞 燕 玲 桂 兰 红 梅 洁 琳 雪 慧 莹 婷 雅 萍 倩 蓉 薇 岚 瑶 怡 佳 欣 思 雨 晓 小 心 梦 诗 语 "
    "念 宁 安 晴 月 秋 春 冬 冰 青 素 淑 玉 珍 珠 凤 莲 彩 香 云 若 依 可 沁 妍 彤 晚 乐 蓝 清 曼 宛"
).split()
_TITLES = (
    "总 哥 姐 叔 婶 妈 爸 爷 姨 嫂 队长 师傅 老师 医生 警官 主任 经理 局长 所长 团长 连长 老板 掌柜 大夫 太太 先生 小姐 婆婆 "
    "公子 将军 大人 班长 教授 律师 护士 司机 校长 书记 导演 秘书 法官 少爷 夫人 道长 师父"
).split()
_KIN = (
    "妈妈 爸爸 爷爷 奶奶 姥姥 外公 外婆 母亲 父亲 哥哥 姐姐 弟弟 妹妹 姑姑 舅舅 老太太 老头 女孩 男孩 少女 少年 小女孩 小男孩 "
    "胖子 瘦子 大个子 光头 眼镜 大胡子 刀疤 班主任 服务员 司机 店员 老板娘 护士 医生 警察 士兵 队长 船长 皇帝 太后 道士 和尚 "
    "村长 保安 记者 导演 房东 邻居 新郎 新娘 孕妇 乘客 学生甲 村民乙 黑衣人 老者 书生 丫鬟 管家 掌柜 捕快 刺客"
).split()
_FOREIGN = (
    "杰克 约翰 汤姆 彼得 大卫 迈克 安娜 玛丽 露西 艾米 丽莎 索菲亚 安德烈 伊万 卡特 罗伯特 詹姆斯 亨利 爱德华 凯特 珍妮 "
    "汉斯 弗兰克 保罗 马克 莉莉 琳达 苏珊 海伦 娜塔莎 维克多 尼克 山姆 托尼 本 艾伦 艾玛 佐藤 田中 山本 由美 健二"
).split()
_ODD = (
    "石头 狗蛋 二牛 铁柱 大壮 豆豆 毛毛 丫丫 妞妞 圆圆 小宝 点点 黑子 老猫 耗子 猴子 泥鳅 大嘴 阿福 三儿 老五 六子 七叔 "
    "九爷 十三 花姐 刀哥 豹哥 青蛇 白狐 无名 阿飞 小燕子 悟空 阿茶 阿吉 东哥 娇娇 木木 果果"
).split()


def draw_names(keys: Iterable[str], random_state: random.Random) -> dict[str, str]:
    """A name for each key, all different: full names mostly, given names, nicknames, titles, kin and foreign names."""
    drawn: dict[str, str] = {}
    taken: set[str] = set()
    for key in keys:
        name = _draw(random_state)
        while name in taken:
            name = _draw(random_state)
        taken.add(name)
        drawn[key] = name
    return drawn


def _draw(r: random.Random) -> str:
    kind = r.random()
    given = r.choice((_MALE, _FEMALE))
    surname = r.choice(_SURNAMES) if r.random() < 0.97 else r.choice(_COMPOUND)
    if kind < 0.5:
        return surname + "".join(r.sample(given, 1 if r.random() < 0.35 else 2))
    if kind < 0.62:
        return "".join(r.sample(given, 2))
    if kind < 0.72:
        return r.choice(("小", "阿", "老", "大")) + r.choice((surname[0], r.choice(given)))
    if kind < 0.80:
        return surname + r.choice(_TITLES)
    if kind < 0.88:
        return r.choice(_KIN)
    if kind < 0.94:
        return r.choice(_FOREIGN)
    return r.choice(_ODD)
