"""AutoDistiller finds the best knowledge-distillation pipeline for data, teacher and student."""
