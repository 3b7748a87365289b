"""Muon: momentum whose matrix updates are orthogonalised (Jordan et al., 2024)."""

import torch
import torch.distributed as dist


def orthogonalise(g: torch.Tensor, steps: int = 5) -> torch.Tensor:
    """The nearest semi-orthogonal matrix, approximately, by a quintic Newton-Schulz iteration."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g.bfloat16()
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        s = x @ x.T
        x = a * x + (b * s + c * s @ s) @ x
    return (x.T if tall else x).to(g.dtype)


class Muon(torch.optim.Optimizer):
    """For the hidden weight matrices only. Processes share the orthogonalisation among them."""

    def __init__(self, params, lr: float, momentum: float = 0.95, weight_decay: float = 0.0):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        rank, world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
        for group in self.param_groups:
            updates = []
            for index, p in enumerate(group["params"]):
                state = self.state[p]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(p)
                m = state["momentum"].lerp_(p.grad, 1 - group["momentum"])
                if index % world == rank:
                    direction = p.grad.lerp(m, group["momentum"])
                    updates.append(orthogonalise(direction) * max(1, p.shape[0] / p.shape[1]) ** 0.5)
                else:
                    updates.append(torch.zeros_like(p))
            if world > 1:
                flat = torch.cat([u.reshape(-1) for u in updates])
                dist.all_reduce(flat)
                parts = flat.split([u.numel() for u in updates])
                updates = [part.view_as(u) for part, u in zip(parts, updates)]
            for p, u in zip(group["params"], updates):
                p.mul_(1 - group["lr"] * group["weight_decay"]).add_(u, alpha=-group["lr"])
