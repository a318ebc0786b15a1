"""A tiny random Llama with a byte tokeniser: real transformers parts that run in milliseconds.

It adds a BOS by itself and its chat template writes one too, which is where doubled BOS tokens
come from. Its replies are noise; what is tested is everything around the model.
"""

from pathlib import Path

import pytest

BOS, EOS, PAD = "<s>", "</s>", "<pad>"
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|{{ message['role'] }}|>\n"
    "{{ message['content'] }}{{ eos_token }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


def build(folder: Path, window: int = 8192) -> Path:
    """Write model and tokeniser to ``folder``."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokeniser = byte_tokeniser()
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=len(tokeniser),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=window,
        bos_token_id=tokeniser.bos_token_id,
        eos_token_id=tokeniser.eos_token_id,
        pad_token_id=tokeniser.pad_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokeniser.save_pretrained(folder)
    return folder


def silence(model: Path, folder: Path) -> Path:
    """The tiny model made to end its turn at once: one hidden state for all, and EOS points at it.

    Written to ``folder``, since a model that is empty by nature is not to be had.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    silent = AutoModelForCausalLM.from_pretrained(model)
    with torch.no_grad():
        for name, weight in silent.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight", "lm_head.weight")):
                weight.zero_()
        silent.get_input_embeddings().weight.fill_(1.0)
        silent.lm_head.weight[silent.config.eos_token_id] = 10.0
    silent.save_pretrained(folder)
    AutoTokenizer.from_pretrained(model).save_pretrained(folder)
    return folder


def byte_tokeniser():  # type: ignore[no-untyped-def]  # transformers is imported late
    """One token a byte, BOS added by a post-processor as Llama's does."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {text: number for number, text in enumerate([PAD, BOS, EOS, *alphabet])}
    tokeniser = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokeniser.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokeniser.decoder = decoders.ByteLevel()
    tokeniser.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", special_tokens=[(BOS, vocabulary[BOS])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokeniser,
        bos_token=BOS,
        eos_token=EOS,
        pad_token=PAD,
        chat_template=TEMPLATE,
    )


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):  # type: ignore[no-untyped-def]  # a test fixture
    """The folder of the tiny model."""
    pytest.importorskip("transformers", reason="the hf backend is not installed")
    return build(tmp_path_factory.mktemp("models") / "tiny")
