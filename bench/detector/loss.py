"""Ultralytics' pose loss with its keypoint term replaced by the mixed polygon loss."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from ultralytics.utils.loss import v8PoseLoss

from bench.detector.mixer import Mixer


class PolygonLoss(v8PoseLoss):
    """Box, class and distribution losses as they are in `v8PoseLoss`; the `pose` term comes from a `Mixer`."""

    def __init__(self, model: Any, mixer: Mixer) -> None:
        super().__init__(model)
        self.mixer = mixer

    def calculate_keypoints_loss(
        self,
        masks: Tensor,
        target_gt_idx: Tensor,
        keypoints: Tensor,
        stride_tensor: Tensor,
        target_bboxes: Tensor,
        pred_kpts: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return (polygon loss, 0): the arguments are those of the overridden method, coordinates in grid units.

        Args:
            masks: (images, anchors), true where an anchor is matched to an object; at least one is.
            target_gt_idx: (images, anchors), the matched object's slot.
            keypoints: (images, slots, V, 3), target vertices in pixels, with visibility.
            stride_tensor: (anchors, 1).
            target_bboxes: (images, anchors, 4), xyxy in pixels.
            pred_kpts: (images, anchors, V, 2), predicted vertices in grid units.
        """
        # As in the method overridden, which takes what is matched by a mask: how many there are is the device's to say.
        image, anchor = masks.nonzero(as_tuple=True)
        stride = stride_tensor[anchor]  # (B, 1)
        target = keypoints[image, target_gt_idx[image, anchor]]  # (B, V, 3)
        box = target_bboxes[image, anchor] / stride
        area = (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])
        loss = self.mixer(pred_kpts[image, anchor], target[..., :2] / stride[..., None], target[..., 2] != 0, area)
        return loss, loss.new_zeros(())
