BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0010');
CREATE TABLE api_token (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	scope VARCHAR(20) NOT NULL, 
	project TEXT, 
	sha256 VARCHAR(64) NOT NULL, 
	created_at DATETIME NOT NULL, 
	created_by TEXT NOT NULL, 
	revoked_at DATETIME, 
	CONSTRAINT pk_api_token PRIMARY KEY (id), 
	CONSTRAINT uq_api_token_name UNIQUE (name), 
	CONSTRAINT uq_api_token_sha256 UNIQUE (sha256)
);
CREATE TABLE artifact (
	sha256 VARCHAR(64) NOT NULL, 
	kind VARCHAR(40) NOT NULL, 
	size BIGINT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_artifact PRIMARY KEY (sha256)
);
CREATE TABLE audit (
	position INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	who TEXT NOT NULL, 
	action VARCHAR(60) NOT NULL, 
	target TEXT NOT NULL, 
	CONSTRAINT pk_audit PRIMARY KEY (position)
);
CREATE TABLE chronicle (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	num_tasks INTEGER NOT NULL, 
	num_trials INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_chronicle PRIMARY KEY (id), 
	CONSTRAINT uq_chronicle_name UNIQUE (name)
);
CREATE TABLE chronicle_content (
	chronicle_id TEXT NOT NULL, 
	content BLOB NOT NULL, 
	CONSTRAINT pk_chronicle_content PRIMARY KEY (chronicle_id), 
	CONSTRAINT fk_chronicle_content_chronicle_id_chronicle FOREIGN KEY(chronicle_id) REFERENCES chronicle (id)
);
CREATE TABLE dataset (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	task VARCHAR(40) NOT NULL, 
	labels JSON NOT NULL, 
	has_pair BOOLEAN NOT NULL, 
	num_examples JSON NOT NULL, 
	licence TEXT NOT NULL, 
	meta_features JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_dataset PRIMARY KEY (id), 
	CONSTRAINT uq_dataset_name UNIQUE (name)
);
INSERT INTO "dataset" VALUES('ds_aaaaaaaaaaaaaaaa','reviews','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','text_classification','["bad","good"]',0,'{"train":100,"dev":10,"test":10}','CC0','{"log_train":4.6,"class_entropy":1.0}','2026-11-29 14:00:24.923000');
CREATE TABLE delivery (
	webhook_id TEXT NOT NULL, 
	job_id TEXT NOT NULL, 
	seq INTEGER NOT NULL, 
	kind VARCHAR(40) NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	attempts INTEGER NOT NULL, 
	due_at DATETIME NOT NULL, 
	error TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_delivery PRIMARY KEY (webhook_id, job_id, seq), 
	CONSTRAINT fk_delivery_webhook_id FOREIGN KEY(webhook_id) REFERENCES webhook (id), 
	CONSTRAINT fk_delivery_job_id FOREIGN KEY(job_id) REFERENCES job (id)
);
CREATE TABLE event (
	job_id TEXT NOT NULL, 
	seq INTEGER NOT NULL, 
	kind VARCHAR(40) NOT NULL, 
	data JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_event PRIMARY KEY (job_id, seq), 
	CONSTRAINT fk_event_job_id FOREIGN KEY(job_id) REFERENCES job (id)
);
INSERT INTO "event" VALUES('job_1',1,'job.queued','{}','2026-11-29 14:00:25.200000');
INSERT INTO "event" VALUES('job_1',2,'trial.queued','{"number":0,"origin":"sampler","reason":"drawn"}','2026-11-29 14:00:25.581000');
INSERT INTO "event" VALUES('job_1',3,'trial.running','{"number":0,"attempt":1}','2026-11-29 14:00:25.581000');
INSERT INTO "event" VALUES('job_1',4,'trial.complete','{"number":0,"dev":{"accuracy":0.7},"reason":""}','2026-11-29 14:00:25.581000');
INSERT INTO "event" VALUES('job_1',5,'trial.queued','{"number":1,"origin":"sampler","reason":"drawn"}','2026-11-29 14:00:25.733000');
INSERT INTO "event" VALUES('job_1',6,'trial.running','{"number":1,"attempt":1}','2026-11-29 14:00:25.733000');
INSERT INTO "event" VALUES('job_1',7,'trial.complete','{"number":1,"dev":{"accuracy":0.8},"reason":""}','2026-11-29 14:00:25.733000');
INSERT INTO "event" VALUES('job_1',8,'measurement','{"number":1,"epoch":1,"values":{"loss/total":1.0,"dev/accuracy":0.5}}','2026-11-29 14:00:25.804000');
INSERT INTO "event" VALUES('job_1',9,'measurement','{"number":1,"epoch":2,"values":{"loss/total":1.0,"dev/accuracy":0.8}}','2026-11-29 14:00:25.804000');
INSERT INTO "event" VALUES('job_1',10,'job.searching','{"message":""}','2026-11-29 14:00:25.804000');
INSERT INTO "event" VALUES('job_2',1,'job.queued','{}','2026-11-29 14:00:25.930000');
CREATE TABLE idempotency (
	"key" TEXT NOT NULL, 
	principal TEXT NOT NULL, 
	request_sha VARCHAR(64) NOT NULL, 
	response JSON NOT NULL, 
	expires_at DATETIME NOT NULL, 
	CONSTRAINT pk_idempotency PRIMARY KEY ("key", principal)
);
CREATE TABLE "job" (
	position INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	dataset_id TEXT NOT NULL, 
	objective VARCHAR(40) NOT NULL, 
	spec JSON NOT NULL, 
	facts JSON NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	wish VARCHAR(10) NOT NULL, 
	version INTEGER NOT NULL, 
	message TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	started_at DATETIME, 
	finished_at DATETIME, 
	owner TEXT, 
	owner_epoch INTEGER NOT NULL, 
	lease_until DATETIME, 
	result JSON, 
	project TEXT NOT NULL, 
	priority INTEGER NOT NULL, 
	slots INTEGER NOT NULL, 
	round_start INTEGER NOT NULL, 
	runs VARCHAR(20) NOT NULL, 
	CONSTRAINT pk_job PRIMARY KEY (position), 
	CONSTRAINT uq_job_id UNIQUE (id), 
	CONSTRAINT fk_job_dataset_id FOREIGN KEY(dataset_id) REFERENCES dataset (id)
);
INSERT INTO "job" VALUES(1,'job_1','ds_aaaaaaaaaaaaaaaa','accuracy','{"name":"","project":"default","dataset":"ds_aaaaaaaaaaaaaaaa","teacher":{"model":"md_bbbbbbbbbbbbbbbb","preparation":{"kind":"as_is"}},"students":[{"kind":"cut","num_layers":2}],"augmenters":{"masked_lm":null,"translation":null},"space":{"augmentation":{"options":["hard_aug","mixup","none","policy_aug","random_edits","text_chain"],"type":"choice"},"augmentation.weight":{"options":[0.5,1.0],"type":"choice"},"augmentation.hard_aug.radius":{"low":0.01,"high":0.3,"log":true,"type":"uniform"},"augmentation.hard_aug.objective":{"options":["disagreement","sensitivity"],"type":"choice"},"augmentation.hard_aug.teacher_weight":{"low":0.1,"high":10.0,"log":true,"type":"uniform"},"augmentation.hard_aug.alternation":{"options":["steps","ratio"],"type":"choice"},"augmentation.hard_aug.student_steps":{"options":[4,8],"type":"choice"},"augmentation.hard_aug.augmentor_rate":{"low":0.0001,"high":0.01,"log":true,"type":"uniform"},"augmentation.mixup.beta":{"options":[0.2,0.4,1.0],"type":"choice"},"augmentation.mixup.mixed_fraction":{"options":[0.1,0.25,0.5,1.0],"type":"choice"},"augmentation.mixup.sides":{"options":["both","student"],"type":"choice"},"augmentation.policy_aug.teacher_weight":{"low":0.1,"high":10.0,"log":true,"type":"uniform"},"augmentation.policy_aug.update_every":{"options":[4,16],"type":"choice"},"augmentation.policy_aug.policy_rate":{"low":0.02,"high":0.5,"log":true,"type":"uniform"},"augmentation.edit_fraction":{"options":[0.1,0.3,0.5],"type":"choice"},"augmentation.copies":{"options":[1,2,4],"type":"choice"},"augmentation.text_chain.order":{"options":["synonym","synonym+random"],"type":"choice"},"selection":{"options":["class_balanced","el2n","forgetting","grand","herding","k_centre","none","random","teacher_entropy","teacher_margin"],"type":"choice"},"selection.keep_fraction":{"low":0.3,"high":1.0,"log":false,"type":"uniform"},"selection.fixed":{"options":["epochs","steps"],"type":"choice"},"selection.direction":{"options":["hard","easy","middle"],"type":"choice"},"targets":{"options":["balanced","hard","label_smoothing","laplacian","pskd"],"type":"choice"},"targets.balanced.exponent":{"low":0.0,"high":1.0,"log":false,"type":"uniform"},"targets.balanced.share":{"low":0.1,"high":0.9,"log":false,"type":"uniform"},"targets.label_smoothing.smoothing":{"low":0.02,"high":0.3,"log":false,"type":"uniform"},"targets.laplacian.smoothing":{"low":0.05,"high":2.0,"log":true,"type":"uniform"},"targets.laplacian.neighbours":{"options":[3,5,10],"type":"choice"},"targets.laplacian.share":{"low":0.1,"high":0.9,"log":false,"type":"uniform"},"targets.pskd.alpha":{"low":0.1,"high":0.6,"log":false,"type":"uniform"},"loss":{"options":["bd_kl","generalised_js","lelp","logit_mse","none","reverse_kl","sinkd","softened_kl"],"type":"choice"},"loss.weight":{"low":0.1,"high":1.0,"log":false,"type":"uniform"},"loss.temperature":{"low":1.0,"high":8.0,"log":true,"type":"uniform"},"loss.bd_kl.gate":{"options":["hard","soft"],"type":"choice"},"loss.bd_kl.factor":{"low":1.0,"high":4.0,"log":false,"type":"uniform"},"loss.bd_kl.steepness":{"low":0.5,"high":8.0,"log":true,"type":"uniform"},"loss.generalised_js.teacher_share":{"low":0.1,"high":0.9,"log":false,"type":"uniform"},"loss.lelp.subclasses":{"options":[2,4,8,16],"type":"choice"},"loss.lelp.directions":{"options":["pca","random","kmeans"],"type":"choice"},"loss.lelp.subclass_temperature":{"low":0.25,"high":8.0,"log":true,"type":"uniform"},"loss.lelp.subclass_weight":{"low":0.1,"high":3.0,"log":true,"type":"uniform"},"loss.sinkd.transport_weight":{"low":0.003,"high":3.0,"log":true,"type":"uniform"},"loss.sinkd.plan":{"options":["entropic","unrolled","debiased","sparse"],"type":"choice"},"loss.sinkd.regularization":{"low":0.02,"high":0.5,"log":true,"type":"uniform"},"loss.sinkd.iterations":{"options":[10,20,50],"type":"choice"},"loss.sinkd.nonzeros":{"options":[1,2,4],"type":"choice"},"intermediate":{"options":["channel_ce","cka","cosine","l2","mi_alpha","mse","nd","none","pkd"],"type":"choice"},"intermediate.weight":{"low":0.01,"high":3.0,"log":true,"type":"uniform"},"intermediate.mapping":{"options":["emd","last","skip"],"type":"choice"},"intermediate.mi_alpha.alpha":{"low":0.0,"high":1.0,"log":false,"type":"uniform"},"intermediate.mi_alpha.critic":{"options":["mlp","transformer"],"type":"choice"},"intermediate.mi_alpha.critics":{"options":["each","shared"],"type":"choice"},"intermediate.mi_alpha.baseline":{"options":["learnt","e"],"type":"choice"},"balancing":{"options":["concomitant","fixed"],"type":"choice"},"balancing.concomitant.decay":{"options":[0.9,0.99],"type":"choice"},"regularizer":{"options":["none","quant_noise","variation","weight_compander"],"type":"choice"},"regularizer.quant_noise.bits":{"options":[4,6,8],"type":"choice"},"regularizer.quant_noise.start":{"low":0.0,"high":0.75,"log":false,"type":"uniform"},"regularizer.variation.weight":{"low":0.001,"high":1.0,"log":true,"type":"uniform"},"regularizer.weight_compander.power":{"options":[0.5,0.75,1.0],"type":"choice"},"regularizer.weight_compander.delta":{"options":[0.01,0.1],"type":"choice"},"regularizer.weight_compander.headroom":{"low":1.5,"high":10.0,"log":true,"type":"uniform"},"regularizer.weight_compander.learnt":{"options":[false,true],"type":"choice"},"training.learning_rate":{"low":0.00002,"high":0.0006,"log":true,"type":"uniform"},"training.weight_decay":{"low":0.0001,"high":0.3,"log":true,"type":"uniform"},"training.num_epochs":{"low":3,"high":8,"log":false,"type":"int_uniform"},"training.warmup_fraction":{"low":0.0,"high":0.3,"log":false,"type":"uniform"},"finishing":{"options":["none","weight_align"],"type":"choice"},"finishing.weight_align.strength":{"options":[0.5,1.0],"type":"choice"}},"objectives":[{"metric":"accuracy"}],"limits":[],"budget":{"num_trials":20,"timeout_s":null,"patience":null,"max_epochs":8},"search":{"sampler":"transfer","early_stopping":true,"recommended":5},"runs":"here","start":[],"recommended":[],"parallelism":2,"priority":10,"max_length":128,"max_train_examples":null,"precision":"float32","confirmation_seeds":3,"seed":0,"probes":[]}','{"cut-2":{"task":"text_classification","num_outputs":2,"num_levels":0,"num_train":100,"teacher_layers":6,"student_layers":2,"teacher_width":32,"student_width":32,"teacher_heads":0,"student_heads":0,"shared_tokenizer":true,"masked_lm":false,"translation":false}}','searching','run',2,'','2026-11-29 14:00:25.079000','2026-11-29 14:00:25.802000',NULL,'worker',1,'2026-11-29 14:01:25.339000',NULL,'default',10,0,0,'here');
INSERT INTO "job" VALUES(2,'job_2','ds_aaaaaaaaaaaaaaaa','accuracy','{"name":"","project":"default","dataset":"ds_aaaaaaaaaaaaaaaa","teacher":{"model":"md_bbbbbbbbbbbbbbbb","preparation":{"kind":"as_is"}},"students":[{"kind":"cut","num_layers":2}],"augmenters":{"masked_lm":null,"translation":null},"space":{"augmentation":{"options":["hard_aug","mixup","none","policy_aug","random_edits","text_chain"],"type":"choice"},"augmentation.weight":{"options":[0.5,1.0],"type":"choice"},"augmentation.hard_aug.radius":{"low":0.01,"high":0.3,"log":true,"type":"uniform"},"augmentation.hard_aug.objective":{"options":["disagreement","sensitivity"],"type":"choice"},"augmentation.hard_aug.teacher_weight":{"low":0.1,"high":10.0,"log":true,"type":"uniform"},"augmentation.hard_aug.alternation":{"options":["steps","ratio"],"type":"choice"},"augmentation.hard_aug.student_steps":{"options":[4,8],"type":"choice"},"augmentation.hard_aug.augmentor_rate":{"low":0.0001,"high":0.01,"log":true,"type":"uniform"},"augmentation.mixup.beta":{"options":[0.2,0.4,1.0],"type":"choice"},"augmentation.mixup.mixed_fraction":{"options":[0.1,0.25,0.5,1.0],"type":"choice"},"augmentation.mixup.sides":{"options":["both","student"],"type":"choice"},"augmentation.policy_aug.teacher_weight":{"low":0.1,"high":10.0,"log":true,"type":"uniform"},"augmentation.policy_aug.update_every":{"options":[4,16],"type":"choice"},"augmentation.policy_aug.policy_rate":{"low":0.02,"high":0.5,"log":true,"type":"uniform"},"augmentation.edit_fraction":{"options":[0.1,0.3,0.5],"type":"choice"},"augmentation.copies":{"options":[1,2,4],"type":"choice"},"augmentation.text_chain.order":{"options":["synonym","synonym+random"],"type":"choice"},"selection":{"options":["class_balanced","el2n","forgetting","grand","herding","k_centre","none","random","teacher_entropy","teacher_margin"],"type":"choice"},"selection.keep_fraction":{"low":0.3,"high":1.0,"log":false,"type":"uniform"},"selection.fixed":{"options":["epochs","steps"],"type":"choice"},"selection.direction":{"options":["hard","easy","middle"],"type":"choice"},"targets":{"options":["balanced","hard","label_smoothing","laplacian","pskd"],"type":"choice"},"targets.balanced.exponent":{"low":0.0,"high":1.0,"log":false,"type":"uniform"},"targets.balanced.share":{"low":0.1,"high":0.9,"log":false,"type":"uniform"},"targets.label_smoothing.smoothing":{"low":0.02,"high":0.3,"log":false,"type":"uniform"},"targets.laplacian.smoothing":{"low":0.05,"high":2.0,"log":true,"type":"uniform"},"targets.laplacian.neighbours":{"options":[3,5,10],"type":"choice"},"targets.laplacian.share":{"low":0.1,"high":0.9,"log":false,"type":"uniform"},"targets.pskd.alpha":{"low":0.1,"high":0.6,"log":false,"type":"uniform"},"loss":{"options":["bd_kl","generalised_js","lelp","logit_mse","none","reverse_kl","sinkd","softened_kl"],"type":"choice"},"loss.weight":{"low":0.1,"high":1.0,"log":false,"type":"uniform"},"loss.temperature":{"low":1.0,"high":8.0,"log":true,"type":"uniform"},"loss.bd_kl.gate":{"options":["hard","soft"],"type":"choice"},"loss.bd_kl.factor":{"low":1.0,"high":4.0,"log":false,"type":"uniform"},"loss.bd_kl.steepness":{"low":0.5,"high":8.0,"log":true,"type":"uniform"},"loss.generalised_js.teacher_share":{"low":0.1,"high":0.9,"log":false,"type":"uniform"},"loss.lelp.subclasses":{"options":[2,4,8,16],"type":"choice"},"loss.lelp.directions":{"options":["pca","random","kmeans"],"type":"choice"},"loss.lelp.subclass_temperature":{"low":0.25,"high":8.0,"log":true,"type":"uniform"},"loss.lelp.subclass_weight":{"low":0.1,"high":3.0,"log":true,"type":"uniform"},"loss.sinkd.transport_weight":{"low":0.003,"high":3.0,"log":true,"type":"uniform"},"loss.sinkd.plan":{"options":["entropic","unrolled","debiased","sparse"],"type":"choice"},"loss.sinkd.regularization":{"low":0.02,"high":0.5,"log":true,"type":"uniform"},"loss.sinkd.iterations":{"options":[10,20,50],"type":"choice"},"loss.sinkd.nonzeros":{"options":[1,2,4],"type":"choice"},"intermediate":{"options":["channel_ce","cka","cosine","l2","mi_alpha","mse","nd","none","pkd"],"type":"choice"},"intermediate.weight":{"low":0.01,"high":3.0,"log":true,"type":"uniform"},"intermediate.mapping":{"options":["emd","last","skip"],"type":"choice"},"intermediate.mi_alpha.alpha":{"low":0.0,"high":1.0,"log":false,"type":"uniform"},"intermediate.mi_alpha.critic":{"options":["mlp","transformer"],"type":"choice"},"intermediate.mi_alpha.critics":{"options":["each","shared"],"type":"choice"},"intermediate.mi_alpha.baseline":{"options":["learnt","e"],"type":"choice"},"balancing":{"options":["concomitant","fixed"],"type":"choice"},"balancing.concomitant.decay":{"options":[0.9,0.99],"type":"choice"},"regularizer":{"options":["none","quant_noise","variation","weight_compander"],"type":"choice"},"regularizer.quant_noise.bits":{"options":[4,6,8],"type":"choice"},"regularizer.quant_noise.start":{"low":0.0,"high":0.75,"log":false,"type":"uniform"},"regularizer.variation.weight":{"low":0.001,"high":1.0,"log":true,"type":"uniform"},"regularizer.weight_compander.power":{"options":[0.5,0.75,1.0],"type":"choice"},"regularizer.weight_compander.delta":{"options":[0.01,0.1],"type":"choice"},"regularizer.weight_compander.headroom":{"low":1.5,"high":10.0,"log":true,"type":"uniform"},"regularizer.weight_compander.learnt":{"options":[false,true],"type":"choice"},"training.learning_rate":{"low":0.00002,"high":0.0006,"log":true,"type":"uniform"},"training.weight_decay":{"low":0.0001,"high":0.3,"log":true,"type":"uniform"},"training.num_epochs":{"low":3,"high":8,"log":false,"type":"int_uniform"},"training.warmup_fraction":{"low":0.0,"high":0.3,"log":false,"type":"uniform"},"finishing":{"options":["none","weight_align"],"type":"choice"},"finishing.weight_align.strength":{"options":[0.5,1.0],"type":"choice"}},"objectives":[{"metric":"accuracy"}],"limits":[],"budget":{"num_trials":20,"timeout_s":null,"patience":null,"max_epochs":8},"search":{"sampler":"transfer","early_stopping":true,"recommended":5},"runs":"here","start":[],"recommended":[],"parallelism":2,"priority":10,"max_length":128,"max_train_examples":null,"precision":"float32","confirmation_seeds":3,"seed":0,"probes":[]}','{"cut-2":{"task":"text_classification","num_outputs":2,"num_levels":0,"num_train":100,"teacher_layers":6,"student_layers":2,"teacher_width":32,"student_width":32,"teacher_heads":0,"student_heads":0,"shared_tokenizer":true,"masked_lm":false,"translation":false}}','queued','run',1,'','2026-11-29 14:00:25.889000',NULL,NULL,NULL,0,NULL,NULL,'default',10,0,0,'here');
CREATE TABLE measurement (
	job_id TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	epoch INTEGER NOT NULL, 
	"values" JSON NOT NULL, 
	CONSTRAINT pk_measurement PRIMARY KEY (job_id, number, epoch), 
	CONSTRAINT fk_measurement_job_id_number FOREIGN KEY(job_id, number) REFERENCES trial (job_id, number)
);
INSERT INTO "measurement" VALUES('job_1',1,1,'{"loss/total":1.0,"dev/accuracy":0.5}');
INSERT INTO "measurement" VALUES('job_1',1,2,'{"loss/total":1.0,"dev/accuracy":0.8}');
CREATE TABLE "model" (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	source JSON NOT NULL, 
	path TEXT NOT NULL, 
	architecture TEXT NOT NULL, 
	num_layers INTEGER NOT NULL, 
	hidden_size INTEGER NOT NULL, 
	num_parameters BIGINT NOT NULL, 
	tokenizer_sha256 VARCHAR(64) NOT NULL, 
	labels JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	num_heads INTEGER NOT NULL, 
	head VARCHAR(40) NOT NULL, 
	CONSTRAINT pk_model PRIMARY KEY (id), 
	CONSTRAINT uq_model_name UNIQUE (name)
);
CREATE TABLE project (
	name TEXT NOT NULL, 
	weight INTEGER NOT NULL, 
	quota INTEGER, 
	CONSTRAINT pk_project PRIMARY KEY (name)
);
CREATE TABLE trial (
	job_id TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	spec JSON NOT NULL, 
	distils BOOLEAN NOT NULL, 
	origin VARCHAR(20) NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	reason TEXT NOT NULL, 
	finish_order INTEGER, 
	num_attempts INTEGER NOT NULL, 
	dev JSON NOT NULL, 
	test JSON NOT NULL, 
	score FLOAT, 
	seconds FLOAT NOT NULL, 
	created_at DATETIME NOT NULL, 
	finished_at DATETIME, stop_asked_at DATETIME, confusion JSON, lease_s FLOAT, lease_until DATETIME, 
	CONSTRAINT pk_trial PRIMARY KEY (job_id, number), 
	CONSTRAINT fk_trial_job_id FOREIGN KEY(job_id) REFERENCES job (id), 
	CONSTRAINT uq_trial_job_id_finish_order UNIQUE (job_id, finish_order)
);
INSERT INTO "trial" VALUES('job_1',0,'{"pipeline":{"augmentation":{"kind":"none"},"selection":{"kind":"none"},"targets":{"kind":"hard"},"loss":{"kind":"softened_kl","weight":0.7,"temperature":2.0},"intermediate":{"kind":"none"},"balancing":{"kind":"fixed"},"regularizer":{"kind":"none"},"training":{"kind":"adamw","learning_rate":0.0001,"weight_decay":0.01,"num_epochs":6,"warmup_fraction":0.1,"batch_size":32},"finishing":{"kind":"none"}},"student":"cut-2","seed":1,"precision":"float32"}',1,'sampler','complete','drawn',1,1,'{"accuracy":0.7}','{"accuracy":0.7}',0.7,1.0,'2026-11-29 14:00:25.430000','2026-11-29 14:00:25.539000',NULL,NULL,NULL,NULL);
INSERT INTO "trial" VALUES('job_1',1,'{"pipeline":{"augmentation":{"kind":"none"},"selection":{"kind":"none"},"targets":{"kind":"hard"},"loss":{"kind":"softened_kl","weight":0.7,"temperature":2.0},"intermediate":{"kind":"none"},"balancing":{"kind":"fixed"},"regularizer":{"kind":"none"},"training":{"kind":"adamw","learning_rate":0.0001,"weight_decay":0.01,"num_epochs":6,"warmup_fraction":0.1,"batch_size":32},"finishing":{"kind":"none"}},"student":"cut-2","seed":1,"precision":"float32"}',1,'sampler','complete','drawn',2,1,'{"accuracy":0.8}','{"accuracy":0.8}',0.8,1.0,'2026-11-29 14:00:25.584000','2026-11-29 14:00:25.625000',NULL,NULL,NULL,NULL);
CREATE TABLE webhook (
	id TEXT NOT NULL, 
	url TEXT NOT NULL, 
	project TEXT, 
	secret TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	created_by TEXT NOT NULL, 
	CONSTRAINT pk_webhook PRIMARY KEY (id)
);
CREATE INDEX ix_idempotency_expires_at ON idempotency (expires_at);
CREATE INDEX ix_trial_job_id_number_origin_state_score ON trial (job_id, number, origin, state, score);
CREATE INDEX ix_trial_job_id_score ON trial (job_id, score);
CREATE INDEX ix_trial_job_id_state_origin ON trial (job_id, state, origin);
CREATE INDEX ix_delivery_state_due_at ON delivery (state, due_at);
CREATE INDEX ix_job_dataset_id ON job (dataset_id);
CREATE INDEX ix_job_project_position ON job (project, position);
CREATE INDEX ix_job_state_position ON job (state, position);
COMMIT;
