#!/usr/bin/env bash
#SBATCH --job-name=psyche-bench
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=64
#SBATCH --requeue
# sbatch slurm.sh fsdp2 sft paper-sft --out runs/paper-sft                     1 machine, 8 GPUs
# sbatch --nodes=4 slurm.sh zero3 grpo paper-grpo --set optim.devices=32 \
#        --set optim.micro_batch=5 --out runs/paper-grpo                       4 machines, 32 GPUs
# A job that is stopped and queued again goes on from its last checkpoint.
set -euo pipefail
config=$(psyche-bench train launch "$1")
shift
HEAD=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
export HEAD config
srun bash -c 'accelerate launch --config_file "$config" --num_machines "$SLURM_NNODES" \
  --num_processes "$((SLURM_NNODES * 8))" --machine_rank "$SLURM_NODEID" \
  --main_process_ip "$HEAD" --main_process_port 29500 -m psyche_bench.cli train "$@"' _ "$@"
