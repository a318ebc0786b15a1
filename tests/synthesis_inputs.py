"""A data root of our own writing and a recipe over it, so that the whole pipeline runs in tests."""

import json
from pathlib import Path

TOPICS = ("工作记忆", "依恋关系", "情绪调节", "团体辅导", "学习动机", "归因方式")


def page(topic: str) -> str:
    """A page of a little book; each topic has sentences of its own."""
    told = "".join(
        f"第{n}点，{topic}在第{n}种情境里表现不同，观察者要留意人物说了什么、做了什么、又回避了什么。"
        for n in range(1, 8)
    )
    last = f"练习者把{topic}用于自己的经历时，先描述事实，再说感受，最后商定一步。"
    return f"# {topic}\n\n{told}\n\n{last}\n"


def dialogue(number: int) -> dict:
    """A post and a reply; each third reply comforts and says nothing."""
    helps = f"听起来第{number}周最难。可以先把手机放到客厅，再记下三天的入睡时间，下次一起看。"
    said = "别多想，都会过去的。" if number % 3 == 0 else helps
    post = f"我叫编号{number}，最近{number + 2}周总是睡不着，一躺下就想着考试，白天没有精神。"
    return {
        "id": number,
        "messages": [{"role": "client", "content": post}, {"role": "counselor", "content": said}],
    }


def banked(number: int) -> dict:
    """A question of a bank with keys of its own; one in ten lacks its answer."""
    names = ("复述", "遗忘", "提取", "编码")
    return {
        "q": f"实验{number * 37}里，{number + 3}秒后的成绩下降说明了哪一过程（{number * 91}）？",
        "choices": [f"{name}的第{number * 7 + n}种形式" for n, name in enumerate(names)],
        "key": "" if number % 10 == 9 else "ABCD"[number % 4],
    }


def write(root: Path, *, pages: int = 6, posts: int = 9, bank: int = 12) -> Path:
    """Write documents, dialogues and a bank below ``root``."""
    for folder in ("book", "posts", "bank"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for topic in TOPICS[:pages]:
        (root / "book" / f"{topic}.md").write_text(page(topic), encoding="utf-8")
    lines = (json.dumps(dialogue(n), ensure_ascii=False) for n in range(posts))
    (root / "posts" / "posts.jsonl").write_text("\n".join(lines), encoding="utf-8")
    rows = (json.dumps(banked(n), ensure_ascii=False) for n in range(bank))
    (root / "bank" / "bank.jsonl").write_text("\n".join(rows), encoding="utf-8")
    return root


RECIPE = """
name = "test"
about = "Every step on invented rows"
benchmarks = ["sample"]
[models.teacher]
model = "teacher"
base_url = "set by the test"
max_in_flight = 8
input = 1.0
output = 2.0
[models.qwen]
model = "qwen"
base_url = "set by the test"
[models.llama]
model = "llama"
base_url = "set by the test"
[models.phi]
model = "phi"
base_url = "set by the test"
[[sources]]
name = "book"
type = "I"
licence = "CC0"
path = "book"
[[sources]]
name = "bank"
type = "II"
licence = "CC BY 4.0"
path = "bank/bank.jsonl"
use = "cp"
mapping = { stem = "q", options = "choices", gold = "key" }
[[sources]]
name = "subfields"
type = "III"
licence = "generated"
subfields = ["运动心理学"]
[[sources]]
name = "posts"
type = "IV"
licence = "CC0"
path = "posts/posts.jsonl"
[steps.ingest]
[steps.clean]
[steps.chunk]
size = 300
least = 30
[steps.generate]
model = "teacher"
[steps.topics]
smcq = 4
mmcq = 2
per_call = 2
[steps.subfield]
model = "teacher"
[steps.bank]
[steps.cluster]
[steps.rank]
model = "teacher"
[steps.control]
model = "teacher"
[steps.review]
[steps.rationale]
model = "teacher"
[steps.iterate]
model = "teacher"
rounds = 3
[steps.cross-select]
answerers = ["qwen", "llama", "phi"]
[steps.dialogues]
[steps.dialogue-clean]
[steps.dialogue-deidentify]
[steps.dialogue-filter]
model = "teacher"
[steps.dialogue-refine]
model = "teacher"
[steps.dialogue-enrich]
model = "teacher"
[steps.decontaminate]
[steps.split]
"""


def recipe(path: Path, url: str) -> Path:
    """The recipe with the address of a running endpoint."""
    path.write_text(RECIPE.replace("set by the test", url), encoding="utf-8")
    return path
