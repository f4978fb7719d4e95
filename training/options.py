"""Options of training runs: a data class each, every option with its default, what it does and its limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


def option(
    default: Any,
    doc: str,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] | None = None,
) -> Any:
    """A data class field that carries its documentation and its limits (inclusive)."""
    metadata = {"doc": doc, "minimum": minimum, "maximum": maximum, "choices": choices}
    if isinstance(default, list | dict):
        return field(default_factory=lambda: type(default)(default), metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class MaskSet:
    """One folder of pictures with masks of the same stem."""

    name: str = option("", "name of the set, as in the splits file")
    images: str = option("", "folder of pictures, relative to data_root")
    masks: str = option("", "folder of PNG masks, relative to data_root")
    coding: str = option(
        "labels",
        "what a mask's values mean: 'labels' (indices into `labels`), 'celebamask19' (CelebAMask-HQ's 19), "
        "'face_hair' (0 rest, 1 face, 2 hair); 255: unknown",
        choices=("labels", "celebamask19", "face_hair"),
    )
    weight: float = option(1.0, "how often a picture of this set is drawn, against the others", minimum=0.0)
    prefix: str = option("", "use only pictures whose name starts so")
    parts: str = option(
        "",
        "folder of masks of eyes and lips (animirror prepare parts) that refine its masks; empty: none",
    )
    hands: str = option(
        "",
        "folder of masks of hands (animirror prepare hands), which are no face then, and are laid before "
        "other faces; empty: none",
    )
    taught: str = option(
        "",
        "folder of a teacher's masks of all labels (animirror prepare labels) that correct its masks of face "
        "and hair; empty: none",
    )
    evaluate: bool = option(True, "whether its validation pictures count: false where masks are not to trust")
    root: str = option("", "folder that its images and masks are relative to; empty: data_root")

    def picture_folder(self, data_root: Path) -> Path:
        """Where its pictures are."""
        return self._root(data_root) / self.images

    def mask_folder(self, data_root: Path) -> Path:
        """Where its masks are."""
        return self._root(data_root) / self.masks

    def _root(self, data_root: Path) -> Path:
        return Path(self.root) if self.root else data_root


@dataclass(frozen=True)
class HubSet:
    """A data set of the Hugging Face hub, or a local folder of its files; its masks hold label indices."""

    name: str = option("", "name on the hub (mattmdjaga/human_parsing_dataset) or a folder of Parquet files")
    split: str = option("train", "which of its splits; training and validation are drawn from it")
    image: str = option("image", "column of the pictures")
    mask: str = option("mask", "column of the masks")
    train: int = option(0, "pictures to train on, drawn; 0: all that do not validate", minimum=0)
    validation: int = option(300, "pictures to validate on, drawn (thesis: 300)", minimum=1)


@dataclass(frozen=True)
class SegformerOptions:
    """Options of `animirror train segformer`."""

    name: str = option("segformer", "name of the run and of its folder")
    network: dict[str, Any] = option(
        {"name": "segformer", "variant": "b0"}, "network by its registry name, with its arguments"
    )
    labels: list[str] = option([], "label names; empty: see labels_file")
    labels_file: str = option(
        "",
        "JSON file with the label names: a list, or an object of index and name; empty: the 16 merged labels "
        "of CelebAMask-HQ",
    )
    data_root: str = option("../shared/data", "folder that the sets' folders are relative to")
    sets: list[MaskSet] = option([], "folders of pictures and masks")
    splits: str = option(
        "",
        "JSON file with the validation stems of each set (`animirror prepare splits`); empty: a tenth, drawn",
    )
    hub: HubSet | None = option(None, "a Hugging Face data set to train on; `sets` must then be empty")
    augmentation: str = option(
        "webcam",
        "what training does to pictures: 'webcam' (head crops, scenes, blur, noise; needs face and hair), "
        "'color_jitter' (whole pictures, light and colours changed: the thesis's), 'none' (whole pictures)",
        choices=("webcam", "color_jitter", "none"),
    )
    spoiled: float = option(
        1.0,
        "augmentation 'webcam': share of the pictures whose light, sharpness and noise are changed; less for "
        "a last stage that fits what is clear",
        minimum=0.0,
        maximum=1.0,
    )
    plain: float = option(
        0.0,
        "augmentation 'webcam': share of heads and whole pictures with nothing laid over, behind or beside "
        "them, for a last stage",
        minimum=0.0,
        maximum=1.0,
    )
    collars: float = option(
        0.0,
        "augmentation 'webcam': share of heads with a fur collar, where the hair is short: fur is no hair",
        minimum=0.0,
        maximum=1.0,
    )
    runs: str = option("runs", "folder in which the run's folder is made")
    size: int = option(192, "side of the training crops, px", minimum=64, maximum=1024)
    steps: int = option(6000, "optimizer steps in all", minimum=1)
    epochs: float = option(0.0, "passes over the training pictures instead of `steps`; 0: steps", minimum=0.0)
    batch: int = option(16, "pictures per step", minimum=1)
    learning_rate: float = option(
        8e-4, "AdamW's peak rate (from scratch; 6e-5 when fine-tuning)", minimum=0.0
    )
    weight_decay: float = option(0.01, "weight decay of AdamW (SegFormer, section 4.1)", minimum=0.0)
    head_rate: float = option(
        1.0,
        "AdamW's rate for the decoder, as a factor of learning_rate: more where the encoder is pretrained",
        minimum=0.0,
    )
    muon: float = option(
        0.0,
        "Muon's rate for the matrices, as a factor of learning_rate; 0: AdamW for all parameters",
        minimum=0.0,
    )
    small_heads: float = option(
        1.0,
        "pictures with small heads count up to so many times more, by the root of their areas; 1: all alike",
        minimum=1.0,
    )
    warmup: int = option(200, "steps of linear warm-up", minimum=0)
    schedule: str = option(
        "cosine",
        "learning rate after the warm-up: to zero, or constant for a stage that another follows",
        choices=("cosine", "linear", "constant_with_warmup"),
    )
    evaluate_every: int = option(500, "optimizer steps between two evaluations (thesis: 20)", minimum=1)
    samples: int = option(8, "validation pictures on a sheet of overlays", minimum=1)
    save_every: int = option(250, "optimizer steps between two checkpoints", minimum=1)
    bf16: bool = option(True, "compute in bfloat16 where autocast allows it")
    seed: int = option(7, "seed of weights, order and augmentation", minimum=0)
    workers: int = option(1, "processes that load data", minimum=0)
    init: str = option("", "checkpoint (.safetensors) whose weights the run starts from")
    push_to_hub: str = option("", "repository of the Hugging Face hub that gets the result; empty: none")


@dataclass(frozen=True)
class PictureSet:
    """One folder of pictures of a CycleGAN domain."""

    name: str = option("", "name of the set, as in the splits file")
    images: str = option("", "folder of pictures, relative to data_root")
    masks: str = option(
        "", "folder of masks: pictures are cut to the head as the filter cuts them; empty: whole"
    )
    coding: str = option("face_hair", "what the masks' values mean", choices=("celebamask19", "face_hair"))
    parts: str = option("", "folder of masks of eyes and lips (animirror prepare parts); empty: none")
    prefix: str = option("", "use only pictures whose name starts so")
    drop_grey: bool = option(False, "leave out black-and-white pictures")


@dataclass(frozen=True)
class CycleganOptions:
    """Options of `animirror train cyclegan` (CycleGAN: Zhu et al., ICCV 2017)."""

    name: str = option("cyclegan", "name of the run and of its folder")
    style: str = option("anime", "name of the style, as `--style` will call it")
    data_root: str = option("../shared/data", "folder that the sets' folders are relative to")
    photos: list[PictureSet] = option([], "sets of photos of people, domain A")
    drawings: list[PictureSet] = option([], "sets of drawings in the style, domain B")
    splits: str = option("", "JSON file with the validation stems of each set; empty: all train")
    runs: str = option("runs", "folder in which the run's folder is made")
    generator: dict[str, Any] = option({"name": "resnet"}, "both generators: registry name and arguments")
    discriminator: dict[str, Any] = option({"name": "patchgan"}, "both discriminators: likewise")
    size: int = option(256, "side of the training crops, px", minimum=32, maximum=1024)
    batch: int = option(4, "pictures of each domain per step (thesis: 4)", minimum=1)
    epochs: int = option(200, "epochs (section 7.1 of the paper: 200)", minimum=1)
    steps_per_epoch: int = option(0, "steps per epoch; 0: one pass over the photos", minimum=0)
    resize: int = option(
        0,
        "pictures are resized to this side and cut at random to `size` (thesis: 290 for 256); 0: zoomed and "
        "shifted about the head instead, as the filter's own crops vary",
        minimum=0,
        maximum=2048,
    )
    rotation: float = option(
        10.0, "pictures are turned by up to so many degrees (thesis: 10)", minimum=0.0, maximum=180.0
    )
    mirror: float = option(
        0.5, "probability that a picture is mirrored (thesis: 0.5)", minimum=0.0, maximum=1.0
    )
    blur_sigma: float = option(
        0.0,
        "sigma of the Gaussian blur over both domains at the start, px, that falls to nothing (thesis: 40); "
        "0: no blur",
        minimum=0.0,
    )
    blur_kernel: int = option(13, "side of that blur's kernel, px, odd (thesis: 13)", minimum=1)
    blur_share: float = option(
        0.75,
        "share of the training after which the blur is gone (thesis: 150 of 200 epochs)",
        minimum=0.0,
        maximum=1.0,
    )
    studio_light: bool = option(
        False, "show the generator photos under studio light, as the filter does (realtime/light.py)"
    )
    eyes: float = option(
        1.0,
        "photos' eyes are shown so many times as tall, as the filter will do for this style "
        "(realtime/proportions.py); 1: as they are",
        minimum=1.0,
        maximum=2.0,
    )
    workers: int = option(1, "processes that load data", minimum=0)
    schedule: str = option(
        "linear",
        "learning rate: 'linear' (constant, then to zero: section 7.1), 'cosine' (to zero, no restart: "
        "Loshchilov and Hutter, ICLR 2017), 'plateau' (a tenth whenever the score stands still; the thesis "
        "found it wanting)",
        choices=("linear", "cosine", "plateau"),
    )
    constant_share: float = option(
        0.5, "schedule 'linear': share of the training at full learning rate", minimum=0.0, maximum=1.0
    )
    plateau_patience: int = option(
        10, "schedule 'plateau': epochs without a better score before the rate falls", minimum=0
    )
    learning_rate: float = option(2e-4, "Adam's rate (section 7.1)", minimum=0.0)
    beta1: float = option(0.5, "Adam's first momentum (section 7.1)", minimum=0.0, maximum=1.0)
    lambda_gan: float = option(1.0, "weight of the least-squares GAN loss", minimum=0.0)
    lambda_cycle: float = option(10.0, "weight of the L1 cycle loss (equation 2)", minimum=0.0)
    lambda_identity: float = option(5.0, "weight of the L1 identity loss (section 5.2)", minimum=0.0)
    lambda_color: float = option(
        0.0,
        "weight of the L1 between 16x16 averaged cells of photo and drawing: keeps skin and hair tone",
        minimum=0.0,
    )
    lambda_equivariance: float = option(
        0.0,
        "weight of the L1 between the drawing of a moved crop and the moved drawing: steadies video",
        minimum=0.0,
    )
    pool: int = option(50, "earlier drawings that the discriminators see again (section 4)", minimum=0)
    ema: float = option(
        0.999,
        "decay of the averaged generator that is kept as the result; 0: none",
        minimum=0.0,
        maximum=0.99999,
    )
    bf16: bool = option(False, "compute in bfloat16 where autocast allows it")
    seed: int = option(7, "seed of weights, order and jitter", minimum=0)
    samples: int = option(12, "validation pictures on a sample sheet", minimum=1)
    score: str = option(
        "auto",
        "what judges the epochs on validation pictures: 'fid' (Heusel et al., NeurIPS 2017; Inception's "
        "weights are needed), 'fd_segformer' (the same distance between features of our own segmenter), "
        "'auto' (fid where the weights can be had), 'none'",
        choices=("auto", "fid", "fd_segformer", "none"),
    )
    score_every: int = option(1, "epochs between two scores", minimum=1)
    score_pictures: int = option(
        200, "validation pictures of each domain that a score is taken from, at most", minimum=2
    )
    compile: bool = option(False, "torch.compile the networks: pays on a GPU in runs of an hour or more")
    init: str = option("", "training state (.safetensors) whose networks the run starts from")

    def __post_init__(self) -> None:
        """Raises ValueError where options that are possible alone are not together."""
        if 0 < self.resize < self.size:
            raise ValueError(f"option 'resize' ({self.resize}) must be 0 or at least 'size' ({self.size})")
        if self.blur_kernel % 2 == 0:
            raise ValueError(f"option 'blur_kernel' must be odd, not {self.blur_kernel}")
        if self.schedule == "plateau" and self.score == "none":
            raise ValueError("option 'schedule' is 'plateau', which needs a score, but 'score' is 'none'")


# An option that distillation has no use for: what is not its default is refused.
UNUSED = "not used: the teacher says what to draw"


@dataclass(frozen=True)
class DistillOptions(CycleganOptions):
    """Options of `animirror train distill`: those of CycleGAN as far as they apply, and the teacher's."""

    name: str = option("distill", "name of the run and of its folder")
    teacher: str = option("", "checkpoint (.safetensors) of the trained generator that teaches")
    pairs: str = option(
        "", "in place of a teacher: folder of pairs that `animirror prepare drawings` made of the photos"
    )
    hand: str = option(
        "anime",
        "how the pairs are drawn (training/pen/hand.py)",
        choices=("anime", "cartoon", "illustration"),
    )
    open_mouths: float = option(
        0.0,
        "share of the photos with labels made by hand that are drawn once more, mouth wide open (own idea)",
        0.0,
        1.0,
    )
    shut_eyes: float = option(
        0.0, "share of the photos that are drawn once more, both eyes shut as in a blink (own idea)", 0.0, 1.0
    )
    glasses: float = option(
        0.0, "share of the photos that are drawn once more, wearing glasses put on them (own idea)", 0.0, 1.0
    )
    wires: float = option(
        0.0,
        "share of the photos that are drawn once more, wearing glasses of thin metal, which are learnt last "
        "(own idea)",
        0.0,
        1.0,
    )
    pale_frames: float = option(
        0.0,
        "share of the photos that are drawn once more, wearing glasses lighter than skin, of silver or clear "
        "plastic (own idea)",
        0.0,
        1.0,
    )
    beards: float = option(
        0.0, "share of the photos that are drawn once more, a beard grown on them (own idea)", 0.0, 1.0
    )
    shades: float = option(
        0.0,
        "share of the photos that are drawn once more, their lower faces in the shade but drawn bare: a "
        "shadow is no beard (own idea)",
        0.0,
        1.0,
    )
    beards_seen: str = option(
        "",
        "file of the beards that people saw on photos (training/beard_marks.py): all who wear one are drawn, "
        "as it says; empty: the pen looks for itself",
    )
    beards_often: int = option(
        1,
        "photos with such a beard are shown so many times as often as others: L1 prefers what is usual, "
        "and that is a bare chin (own idea)",
        minimum=1,
    )
    shades_often: int = option(
        1,
        "photos with such a shade are shown so many times as often as others: after `beards_often`, who "
        "sees a dark chin thinks of a beard first (own idea)",
        minimum=1,
    )
    frames_often: int = option(
        1,
        "photos with glasses by `wires` and `pale_frames` are shown so many times as often as others: their "
        "frames are hardly darker or lighter than skin, and learnt last (own idea)",
        minimum=1,
    )
    nods: float = option(
        0.0,
        "share of the pairs that are foreshortened as heads thrown back or bowed are (training/nod.py; own "
        "idea)",
        0.0,
        1.0,
    )
    plain_eyes: float = option(
        0.0,
        "share of the photos that are drawn once more, eyes hardly enlarged or not at all: live, those that "
        "the segmenter does not see stay as they are (own idea)",
        0.0,
        1.0,
    )
    frozen_norms: bool = option(
        False, "the student's batch normalisation keeps the statistics that 'init' brought: for a last stage"
    )
    generator: dict[str, Any] = option({"name": "lite"}, "the student: registry name and arguments")
    discriminator: dict[str, Any] = option({"name": "patchgan"}, "the student's: likewise")
    drawings: list[PictureSet] = option([], UNUSED)
    blur_sigma: float = option(0.0, UNUSED, maximum=0.0)
    lambda_cycle: float = option(0.0, UNUSED, maximum=0.0)
    lambda_identity: float = option(0.0, UNUSED, maximum=0.0)
    lambda_color: float = option(0.0, UNUSED, maximum=0.0)
    lambda_l1: float = option(
        10.0, "weight of the L1 to the teacher's drawing, as the cycle loss has it", minimum=0.0
    )
    lambda_gradients: float = option(
        0.0,
        "weight of the L1 between gradients, pixel by pixel: takes the photo's texture off flat tones",
        minimum=0.0,
    )
    lambda_tones: float = option(
        0.0,
        "weight of the squared difference of averages over 1/16 of the side: what is rare and large, a "
        "beard, is learnt sooner (own idea)",
        minimum=0.0,
    )
    lambda_strokes: float = option(
        0.0,
        "weight of the squared difference of averages over 1/64 of the side: what is rare and thin, a frame "
        "of metal, is learnt sooner (own idea)",
        minimum=0.0,
    )
    lambda_features: float = option(
        10.0, "weight of the L1 between features of the discriminator (pix2pixHD: 10)", minimum=0.0
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.drawings:
            raise ValueError(f"option 'drawings' is {UNUSED}")
        if self.teacher and self.pairs:
            raise ValueError(
                "options 'teacher' and 'pairs' exclude each other: one of them says what to draw"
            )
