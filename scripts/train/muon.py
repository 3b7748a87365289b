"""Muon: momentum whose matrix updates are orthogonalised (Jordan et al., 2024)."""

import torch
import torch.distributed as dist


def orthogonalise(g: torch.Tensor, dtype: torch.dtype, steps: int = 5) -> torch.Tensor:
    """The nearest semi-orthogonal matrices of `g` `[..., rows, columns]`, by a quintic Newton-Schulz iteration."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g.to(dtype)
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.mT
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        s = x @ x.mT
        x = a * x + (b * s + c * s @ s) @ x
    return (x.mT if tall else x).to(g.dtype)


class Muon(torch.optim.Optimizer):
    """For the hidden weight matrices only. Processes share the orthogonalisation among them.

    A group's `parts` says how many matrices are stacked in each of its tensors: each is orthogonalised by itself.
    """

    def __init__(self, params, lr: float, momentum: float = 0.95, weight_decay: float = 0.0,
                 dtype: torch.dtype = torch.float32):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "parts": 1})
        self.dtype = dtype

    @torch.no_grad()
    def step(self):
        rank, world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
        members = [(group, p) for group in self.param_groups for p in group["params"]]
        updates = []
        for index, (group, p) in enumerate(members):
            state = self.state[p]
            if "momentum" not in state:
                state["momentum"] = torch.zeros_like(p)
            m = state["momentum"].lerp_(p.grad, 1 - group["momentum"])
            if index % world == rank:
                direction = p.grad.lerp(m, group["momentum"]).view(group["parts"], -1, p.shape[1])
                scale = max(1, direction.shape[1] / direction.shape[2]) ** 0.5
                updates.append(orthogonalise(direction, self.dtype).view_as(p) * scale)
            else:
                updates.append(torch.zeros_like(p))
        if world > 1:
            flat = torch.cat([u.reshape(-1) for u in updates])
            dist.all_reduce(flat)
            parts = flat.split([u.numel() for u in updates])
            updates = [part.view_as(u) for part, u in zip(parts, updates)]
        for (group, p), u in zip(members, updates):
            p.mul_(1 - group["lr"] * group["weight_decay"]).add_(u, alpha=-group["lr"])
