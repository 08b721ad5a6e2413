"""AutoDistiller finds the best knowledge-distillation pipeline for a dataset, teacher and student."""
