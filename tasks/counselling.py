"""Tasks that write a counsellor's next reply, with the history as real chat turns.

Nothing is scored here: replies are saved and judged in a second stage.
"""

from collections.abc import Callable
from typing import Any

from psyche_bench import prompting
from psyche_bench.schemas import Question
from psyche_bench.tasks.exam import ExamTask


class CounsellingTask(ExamTask):
    """One document per client turn; the protocol only sets the cap."""

    def _doc(self, question: Question) -> dict[str, Any]:
        said = [f"{message['role']}: {message['content']}" for message in self._messages(question)]
        return {
            "id": question.id,
            "task": str(self.config.task),
            "protocol": self.protocol.name,
            "subject": question.subject,
            "prompt": question.stem,
            "prompt_hash": prompting.text_hash(*said),
            "rotation": 0,
            "choices": [],
            "continuations": [],
            "target": "",
        }

    def _messages(self, question: Question, system: str | None = None) -> list[dict[str, str]]:
        """System instruction, the dialogue so far, the client's words.

        A system instruction that the data set brings along (PsyDT's) stands in the place of ours.
        """
        turns = [turn.model_dump() for turn in question.history]
        if turns and turns[0]["role"] == "system":
            released = turns.pop(0)["content"]
        else:
            released = prompting.template("counselling")["system"][self.lang]
        return [
            {"role": "system", "content": system or released},
            *turns,
            {"role": "user", "content": question.stem},
        ]

    def fewshot_context(
        self,
        doc: dict[str, Any],
        num_fewshot: int,
        system_instruction: str | None = None,
        apply_chat_template: bool = False,
        chat_template: Callable[..., str] | None = None,
        **_: Any,
    ) -> str:
        """System instruction, dialogue so far, the client's words; without chat a transcript."""
        messages = self._messages(self.questions[doc["id"]], system_instruction)
        if apply_chat_template and chat_template:
            return chat_template(messages, add_generation_prompt=True)
        names = {"system": "", "user": "来访者：", "assistant": "咨询师："}
        said = "\n".join(names[message["role"]] + message["content"] for message in messages)
        return f"{said}\n咨询师："
